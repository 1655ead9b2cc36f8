// GET /api/storage and its parts: mounts, well-known folders, apps, what Docker takes.
#include "services.hpp"

#include "live/mount_rows.hpp"
#include "live/timestamp.hpp"
#include "storage/storage_types.hpp"

#include <map>

namespace talome::system {

namespace {

struct Mounts {
    std::vector<MountStats> mounts;
    int unresponsive = 0;
};
BOOST_DESCRIBE_STRUCT(Mounts, (), (mounts, unresponsive))

struct AppUse {
    std::string app;
    std::uint64_t totalBytes = 0;
    std::optional<std::uint64_t> dataBytes, containerBytes, volumeBytes;
    std::optional<std::string> asOf, reason;
};
BOOST_DESCRIBE_STRUCT(AppUse, (), (app, totalBytes, dataBytes, containerBytes, volumeBytes, asOf, reason))

struct Apps {
    std::vector<AppUse> apps; ///< the largest first
    bool dockerKnown = false;
    std::optional<std::string> dockerReason; ///< why what containers and volumes take is missing
};
BOOST_DESCRIBE_STRUCT(Apps, (), (apps, dockerKnown, dockerReason))

/// As docker system df has it, and in numbers.
struct DockerRow {
    std::string Type;
    std::int64_t TotalCount = 0;
    std::optional<std::int64_t> Active;
    std::string Size, Reclaimable;
    std::uint64_t sizeBytes = 0;
    std::optional<std::uint64_t> reclaimableBytes;
};
BOOST_DESCRIBE_STRUCT(DockerRow, (), (Type, TotalCount, Active, Size, Reclaimable, sizeBytes, reclaimableBytes))

struct Storage {
    std::vector<MountStats> mounts;
    std::vector<FolderSize> breakdown;
    SmartList smart;
    ReclaimSummary reclaimable;
    std::vector<Forecast> forecast;
    std::string generatedAt;
};
BOOST_DESCRIBE_STRUCT(Storage, (), (mounts, breakdown, smart, reclaimable, forecast, generatedAt))

constexpr std::chrono::seconds kDockerWait{3};
constexpr const char* kScanJob = "storage.scan";
constexpr const char* kScanTask = "system.scan";
const boost::json::value kNothing = boost::json::object();

class StorageGroup : public Group {
public:
    StorageGroup(Registry& registry, Services& services) : services_(services) {
        const auto operation = [&](std::string_view id, std::string_view summary, std::string_view path, auto handler) {
            return registry.operation(id, summary, kSystem, Tier::read, this, handler).route("GET", path);
        };
        operation("storage.overview", "Mounts, folders, disks, what can go, and when it will be full", "/api/storage",
                  &StorageGroup::overview);
        operation("storage.mounts", "File systems and how full they are", "/api/storage/mounts", &StorageGroup::mounts)
            .tool("get_disk_usage", "How full each file system of the server is");
        operation("storage.breakdown", "What well-known folders take, as of when they were measured", "/api/storage/breakdown",
                  &StorageGroup::breakdown)
            .tool("get_storage_breakdown", "Bytes of well-known folders of the server")
            .category("storage");
        operation("storage.apps", "What each app takes: its data, containers and volumes", "/api/storage/apps",
                  &StorageGroup::apps);
        operation("storage.dockerUsage", "What Docker's images, containers, volumes and build cache take",
                  "/api/storage/docker-usage", &StorageGroup::dockerUsage);
        registry
            .operation("storage.startScan", "Measures the folders now, as a job", admin, Tier::modify, this,
                       &StorageGroup::startScan)
            .route("POST", "/api/storage/scan", 202);
        registry.job(kScanJob, "Measures what folders take", admin, this, &StorageGroup::scan).limit(std::chrono::hours(12));
        registry.task(kScanTask, "Begins the nightly measuring", this, &StorageGroup::nightly);
        registry.setting("storage_scan_paths", "Folders whose size is measured",
                         std::vector<std::string>{"/var/lib/docker", "/var/log", "/var/cache", "/home", "/srv", "/tmp"});
        registry.setting("storage_scan_hour", "Hour of the day at which they are measured", 3).range(0, 23);
        registry.uses(kDockerUsage);
        registry.task(kDockerUsageTask, "Asks the docker plugin what its things take", &services_.dockerUsage,
                      &DockerUsageReader::usageTask);
    }
    void activate() override { services_.host.wakeAt(kScanTask, nextScan()); }

private:
    std::chrono::system_clock::time_point nextScan() const {
        const auto hour = services_.host.setting<int>("storage_scan_hour");
        return services_.host.cronNext("30 " + std::to_string(hour) + " * * *", {}, now());
    }
    std::chrono::system_clock::time_point now() const {
        return std::chrono::system_clock::time_point(std::chrono::milliseconds(services_.host.nowMs()));
    }
    void nightly() {
        services_.host.wakeAt(kScanTask, nextScan()); // first: one start that is refused does not end all later ones
        services_.host.startOwnJob(kScanJob, kNothing, "Measure what folders take");
    }
    JobStarted startScan(Call& call) {
        return services_.host.startJob(call, kScanJob, kNothing, "Measure what folders take");
    }
    ScanResult scan(Call& call, JobRun& run) { return services_.sizes.scan(call, run); }

    Mounts mounts() {
        Mounts answer{mountRows(services_.sampler.mounts(), services_.host.nowMs()), 0};
        for (const MountStats& each : answer.mounts) answer.unresponsive += each.stale;
        return answer;
    }
    std::vector<FolderSize> breakdown() { return services_.sizes.folders(); }

    Apps apps() {
        std::map<std::string, AppUse> byApp;
        for (const FolderSize& each : services_.sizes.apps()) {
            AppUse& app = byApp[each.label];
            app.dataBytes = each.sizeBytes;
            app.asOf = each.asOf;
            app.reason = each.reason;
        }
        const DockerKnown docker = services_.dockerUsage.look(kDockerWait);
        if (docker.usage) {
            for (const DockerItem& each : docker.usage->containers.value_or(std::vector<DockerItem>{})) {
                auto& sum = byApp[each.app.value_or(each.name)].containerBytes;
                sum = sum.value_or(0) + each.sizeBytes;
            }
            for (const DockerItem& each : docker.usage->volumes.value_or(std::vector<DockerItem>{})) {
                if (!each.app) continue;
                auto& sum = byApp[*each.app].volumeBytes;
                sum = sum.value_or(0) + each.sizeBytes;
            }
        }
        Apps answer;
        for (auto& [name, app] : byApp) {
            app.app = name;
            app.totalBytes = app.dataBytes.value_or(0) + app.containerBytes.value_or(0) + app.volumeBytes.value_or(0);
            answer.apps.push_back(std::move(app));
        }
        std::stable_sort(answer.apps.begin(), answer.apps.end(), [](const auto& a, const auto& b) { return a.totalBytes > b.totalBytes; });
        answer.dockerKnown = docker.usage.has_value();
        if (!docker.usage) answer.dockerReason = docker.reason;
        return answer;
    }

    std::vector<DockerRow> dockerUsage() {
        const DockerKnown docker = services_.dockerUsage.look(kDockerWait);
        if (!docker.usage) throw Unavailable(docker.reason);
        std::vector<DockerRow> rows;
        for (const DockerCategory& each : docker.usage->categories)
            rows.push_back({each.type, each.totalCount, each.activeCount, bytesText(static_cast<double>(each.sizeBytes)),
                            bytesText(static_cast<double>(each.reclaimableBytes.value_or(0))), each.sizeBytes, each.reclaimableBytes});
        return rows;
    }

    Storage overview() {
        return {mountRows(services_.sampler.mounts(), services_.host.nowMs()), services_.sizes.folders(),
                smartList(services_.smart.look(std::chrono::milliseconds(0))), services_.reclaimSummary(),
                services_.forecasts({}), timestamp(services_.host.nowMs())};
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> storage(Registry& registry, Services& services) {
    return std::make_unique<StorageGroup>(registry, services);
}

} // namespace talome::system

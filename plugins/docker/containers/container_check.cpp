// GET /api/containers/{id}/check: whether something is wrong with a container, and what could be done.
#include "containers/check_rules.hpp"
#include "containers/container_groups.hpp"
#include "containers/log_reader.hpp"
#include "engine/time_spec.hpp"

#include <algorithm>

namespace talome::docker {

namespace {

constexpr const char* kProject = "com.docker.compose.project";
constexpr const char* kLines = "80";
constexpr std::int64_t kMiB = 1 << 20;

struct CheckMetrics {
    std::optional<double> cpuPercent, memoryPercent;
    std::optional<std::int64_t> memoryUsageMb, memoryLimitMb;
    int restartCount = 0;
};
BOOST_DESCRIBE_STRUCT(CheckMetrics, (), (cpuPercent, memoryPercent, memoryUsageMb, memoryLimitMb, restartCount))

struct CheckReport {
    std::string containerId, name, state;
    bool running = false;
    std::optional<std::string> health; // of its own health check
    Verdict overallStatus = Verdict::healthy;
    std::vector<CheckIssue> issues; // the worst first
    CheckMetrics metrics;
};
BOOST_DESCRIBE_STRUCT(CheckReport, (),
                      (containerId, name, state, running, health, overallStatus, issues, metrics))

class ContainerCheck : public Group {
public:
    ContainerCheck(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("containers.check", "Says whether something is wrong with a container, and what could be done",
                       kApps, Tier::read, this, &ContainerCheck::check)
            .route("GET", "/api/containers/{id}/check")
            .tool("check_service_health", "Whether a container runs, what it uses, and what is wrong with it",
                  {{"containerId", "id"}})
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .target("container", "id");
    }

    CheckReport check(const ContainerRef& input) {
        const RecordPtr record = services_.keeper.resolve(input.id);
        const auto inspected =
            services_.client.get<engine::InspectedContainer>({.path = {"containers", record->id, "json"}});
        CheckReport report{.containerId = record->shown.id,
                           .name = record->shown.name,
                           .state = inspected.State_.Status,
                           .running = inspected.State_.Pid != 0,
                           .health = {},
                           .overallStatus = Verdict::healthy,
                           .issues = {},
                           .metrics = {}};
        if (inspected.State_.Health_ && inspected.State_.Health_->Status != "none")
            report.health = inspected.State_.Health_->Status;
        CheckedContainer is;
        is.state = report.state;
        is.health = report.health.value_or("");
        is.restartCount = report.metrics.restartCount = inspected.RestartCount;
        is.exitCode = inspected.State_.ExitCode;
        if (report.running) {
            const std::int64_t now = services_.host.nowMs();
            if (const auto started = parseInstant(inspected.State_.StartedAt, now))
                is.upSeconds = std::max<std::int64_t>(now / 1000 - started->seconds, 0);
            addUsage(*record, is, report.metrics);
        }
        is.lastLines = lastLines(*record, inspected.Config_.Tty);
        is.stoppedNeighbours = stoppedNeighbours(*record);
        report.issues = checkContainer(is);
        report.overallStatus = verdictOf(report.issues);
        return report;
    }

private:
    void addUsage(const ContainerRecord& record, CheckedContainer& is, CheckMetrics& metrics) {
        std::optional<ContainerStats> stats;
        try {
            stats = services_.sampler.read(record.id);
        } catch (const Unavailable& error) { // the rest can be judged all the same
            services_.host.debug("no usage of container " + record.shown.name + ": " + error.what());
        }
        if (!stats) return; // or it has ended meanwhile
        metrics.cpuPercent = stats->cpuPercent;
        metrics.memoryUsageMb = stats->memoryUsageMb;
        metrics.memoryLimitMb = stats->memoryLimitMb;
        is.memoryBytes = stats->memoryUsageMb * kMiB;
        is.memoryLimitBytes = stats->memoryLimitMb * kMiB;
        if (stats->memoryLimitMb > 0)
            metrics.memoryPercent = 100.0 * static_cast<double>(stats->memoryUsageMb) / static_cast<double>(stats->memoryLimitMb);
    }

    std::vector<std::string> lastLines(const ContainerRecord& record, bool tty) {
        std::vector<std::string> lines;
        LogReader reader(tty, false, [&](const LogLine& line) { lines.emplace_back(line.text.substr(0, 2000)); });
        try {
            services_.client.stream({.path = {"containers", record.id, "logs"},
                                     .query = {{"stdout", "1"}, {"stderr", "1"}, {"tail", kLines}},
                                     .limit = std::chrono::seconds(5)},
                                    [&](std::string_view bytes) { reader.feed(bytes); });
            reader.finish();
        } catch (const Unavailable&) {
            throw;
        } catch (const Error& error) { // a log driver that cannot be read
            services_.host.debug("no log of container " + record.shown.name + ": " + error.what());
        }
        return lines;
    }

    std::vector<std::string> stoppedNeighbours(const ContainerRecord& record) {
        std::vector<std::string> names;
        const auto own = record.shown.labels.find(kProject);
        if (own == record.shown.labels.end()) return names;
        for (const RecordPtr& each : services_.cache.snapshot()->containers) {
            const auto project = each->shown.labels.find(kProject);
            if (each->id == record.id || project == each->shown.labels.end() || project->second != own->second) continue;
            if (each->shown.status != ContainerStatus::running) names.push_back(each->shown.name);
        }
        return names;
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> containerCheck(Registry& registry, Services& services) {
    return std::make_unique<ContainerCheck>(registry, services);
}

} // namespace talome::docker

#include "images/disk_usage.hpp"

#include "containers/container_owner.hpp"
#include "images/image_reader.hpp"

#include <algorithm>

namespace talome::docker {

namespace {

using namespace std::chrono_literals;

constexpr auto kFresh = 30s;
constexpr auto kLimit = 60s;
constexpr const char* kProject = "com.docker.compose.project";

// GET /system/df
struct UsedImage {
    std::string Id;
    engine::List<std::string> RepoTags;
    std::int64_t Size = 0, SharedSize = 0, Containers = 0;
};
BOOST_DESCRIBE_STRUCT(UsedImage, (), (Id, RepoTags, Size, SharedSize, Containers))
struct UsedContainer {
    std::string Id, State;
    engine::List<std::string> Names;
    engine::Labels Labels_;
    std::optional<std::int64_t> SizeRw;
};
BOOST_DESCRIBE_STRUCT(UsedContainer, (), (Id, State, Names, Labels_, SizeRw))
struct VolumeUse {
    std::int64_t Size = 0, RefCount = 0;
};
BOOST_DESCRIBE_STRUCT(VolumeUse, (), (Size, RefCount))
struct UsedVolume {
    std::string Name;
    engine::Labels Labels_;
    std::optional<VolumeUse> UsageData;
};
BOOST_DESCRIBE_STRUCT(UsedVolume, (), (Name, Labels_, UsageData))
struct UsedCache {
    bool InUse = false, Shared = false;
    std::int64_t Size = 0;
};
BOOST_DESCRIBE_STRUCT(UsedCache, (), (InUse, Shared, Size))
struct DfAnswer {
    std::int64_t LayersSize = 0;
    engine::List<UsedImage> Images;
    engine::List<UsedContainer> Containers;
    engine::List<UsedVolume> Volumes;
    engine::List<UsedCache> BuildCache;
};
BOOST_DESCRIBE_STRUCT(DfAnswer, (), (LayersSize, Images, Containers, Volumes, BuildCache))

std::optional<std::string> appOf(const engine::Labels& labels) {
    if (!labels) return std::nullopt;
    const auto found = labels->find(kProject);
    if (found == labels->end()) return std::nullopt;
    return found->second;
}

void addImages(DiskUsage& usage, const DfAnswer& from) {
    DiskCategory sum{.type = "images", .sizeBytes = from.LayersSize};
    for (const UsedImage& image : from.Images.value_or(std::vector<UsedImage>{})) {
        ++sum.totalCount;
        if (image.Containers > 0) {
            ++sum.activeCount;
            continue;
        }
        const std::int64_t own = image.Size - std::max<std::int64_t>(image.SharedSize, 0);
        sum.reclaimableBytes += own;
        const auto tags = image.RepoTags.value_or(std::vector<std::string>{});
        if (tags.empty() || tags.front().starts_with("<none>"))
            usage.danglingImages.push_back({shortImageId(image.Id), {}, own, false, {}, {}});
        else
            usage.unusedImages.push_back({tags.front(), {}, own, false, {}, tags});
    }
    usage.categories.push_back(sum);
}

void addContainers(DiskUsage& usage, const DfAnswer& from) {
    DiskCategory sum{.type = "containers"};
    for (const UsedContainer& container : from.Containers.value_or(std::vector<UsedContainer>{})) {
        const bool running =
            container.State == "running" || container.State == "paused" || container.State == "restarting";
        const std::int64_t size = container.SizeRw.value_or(0);
        ++sum.totalCount;
        sum.activeCount += running;
        sum.sizeBytes += size;
        const std::string owner = whoseIsIt(container.Labels_.value_or(std::map<std::string, std::string>{}));
        if (!running && owner.empty()) sum.reclaimableBytes += size;
        usage.containers.push_back({nameOf(engine::UsingContainer{container.Id, {}, {}, {}, container.Names}),
                                    appOf(container.Labels_), size, running,
                                    owner.empty() ? std::nullopt : std::optional(owner), {}});
    }
    usage.categories.push_back(sum);
}

void addVolumes(DiskUsage& usage, const DfAnswer& from) {
    DiskCategory sum{.type = "volumes"};
    for (const UsedVolume& volume : from.Volumes.value_or(std::vector<UsedVolume>{})) {
        const VolumeUse use = volume.UsageData.value_or(VolumeUse{});
        const std::int64_t size = std::max<std::int64_t>(use.Size, 0); // -1: the engine does not know
        ++sum.totalCount;
        sum.activeCount += use.RefCount > 0;
        sum.sizeBytes += size;
        if (use.RefCount <= 0) sum.reclaimableBytes += size;
        usage.volumes.push_back({volume.Name, appOf(volume.Labels_), size, use.RefCount > 0, {}, {}});
    }
    usage.categories.push_back(sum);
}

void addBuildCache(DiskUsage& usage, const DfAnswer& from) {
    DiskCategory sum{.type = "buildCache"};
    for (const UsedCache& cache : from.BuildCache.value_or(std::vector<UsedCache>{})) {
        ++sum.totalCount;
        sum.activeCount += cache.InUse;
        if (cache.Shared) continue;
        sum.sizeBytes += cache.Size;
        if (!cache.InUse) sum.reclaimableBytes += cache.Size;
    }
    usage.categories.push_back(sum);
}

} // namespace

std::shared_ptr<const DiskUsage> DiskUsageReader::read(bool fresh) {
    const std::lock_guard lock(mutex_);
    if (!fresh && last_ && std::chrono::steady_clock::now() - at_ < kFresh) return last_;
    const auto from = client_.get<DfAnswer>({.path = {"system", "df"}, .limit = kLimit});
    auto usage = std::make_shared<DiskUsage>();
    addImages(*usage, from);
    addContainers(*usage, from);
    addVolumes(*usage, from);
    addBuildCache(*usage, from);
    for (const DiskCategory& each : usage->categories) {
        usage->totalBytes += each.sizeBytes;
        usage->totalReclaimableBytes += each.reclaimableBytes;
    }
    last_ = std::move(usage);
    at_ = std::chrono::steady_clock::now();
    return last_;
}

} // namespace talome::docker

// What takes space, and taking it back. Nothing goes unless it was asked for by name: a preview is the default, and
// neither containers nor volumes are among what is cleaned up by default, for both hold data.
//   GET  /api/docker/disk-usage
//   POST /api/docker/prune, POST /api/images/prune, POST /api/volumes/prune
#include "images/disk_usage.hpp"
#include "services.hpp"

#include <algorithm>

namespace talome::docker {

namespace {

enum class Target { containers, images, unusedImages, volumes, networks, buildCache, buildcache };
BOOST_DESCRIBE_ENUM(Target, containers, images, unusedImages, volumes, networks, buildCache, buildcache)

struct UsageInput {
    bool refresh = false;
};
BOOST_DESCRIBE_STRUCT(UsageInput, (), (refresh))

struct PruneInput {
    std::optional<std::vector<Target>> targets;
    bool dryRun = true;
};
BOOST_DESCRIBE_STRUCT(PruneInput, (), (targets, dryRun))

struct ResourcesInput {
    std::vector<Target> targets;
    bool confirmed = false;
};
BOOST_DESCRIBE_STRUCT(ResourcesInput, (), (targets, confirmed))

struct ImagesInput {
    bool all = false, dryRun = true;
};
BOOST_DESCRIBE_STRUCT(ImagesInput, (), (all, dryRun))

struct VolumesInput {
    bool dryRun = true;
};
BOOST_DESCRIBE_STRUCT(VolumesInput, (), (dryRun))

struct PrunedTarget {
    std::string target;
    std::vector<std::string> items; // removed, or to be removed
    std::int64_t bytes = 0;
    std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(PrunedTarget, (), (target, items, bytes, error))

struct Pruned {
    bool dryRun = true;
    std::int64_t bytes = 0;
    std::vector<PrunedTarget> results;
};
BOOST_DESCRIBE_STRUCT(Pruned, (), (dryRun, bytes, results))

// Of the engine.
struct PrunedImage {
    std::optional<std::string> Untagged, Deleted;
};
BOOST_DESCRIBE_STRUCT(PrunedImage, (), (Untagged, Deleted))
struct PruneAnswer {
    engine::List<PrunedImage> ImagesDeleted;
    engine::List<std::string> CachesDeleted;
    std::int64_t SpaceReclaimed = 0;
};
BOOST_DESCRIBE_STRUCT(PruneAnswer, (), (ImagesDeleted, CachesDeleted, SpaceReclaimed))
struct NetworksPruned {
    std::vector<std::string> networks;
};
BOOST_DESCRIBE_STRUCT(NetworksPruned, (), (networks))
struct NetworksInput {
    bool dryRun = true;
};
BOOST_DESCRIBE_STRUCT(NetworksInput, (), (dryRun))

constexpr std::size_t kToldErrors = 5;

class Cleanup : public Group {
public:
    Cleanup(Registry& registry, Services& services) : services_(services), usage_(services.client) {
        registry.uses("networks.prune");
        registry
            .operation("docker.diskUsage", "What images, containers, volumes and build cache take on disk", admin,
                       Tier::read, this, &Cleanup::diskUsage)
            .route("GET", "/api/docker/disk-usage")
            .tool("get_docker_disk_usage", "What images, containers, volumes and build cache take on disk")
            .input("refresh", "Counted now, and not up to half a minute ago", false)
            .timeLimit(std::chrono::seconds(90));
        declare(registry, "docker.prune", "Removes what nobody needs: what, is shown first", &Cleanup::prune)
            .route("POST", "/api/docker/prune")
            .tool("cleanup_docker", "Preview (dryRun) or perform a clean-up of images and build cache")
            .category("storage")
            .tierWhen("dryRun", true, Tier::read)
            .input("targets", "images (those without a name), unusedImages, buildCache, networks; volumes and containers "
                              "only if they are named",
                   items(1, 8))
            .input("dryRun", "Only say what would go", true);
        declare(registry, "docker.pruneResources", "Removes stopped containers, images, volumes or networks",
                &Cleanup::pruneResources)
            .tool("prune_resources", "Delete stopped containers, images without a name, unused volumes or networks")
            .input("targets", "What to remove", items(1, 8))
            .input("confirmed", "Must be true: what is removed is gone");
        declare(registry, "images.prune", "Removes images that nobody needs", &Cleanup::pruneImages)
            .route("POST", "/api/images/prune")
            .tool("prune_images", "Preview (dryRun) or remove images that nobody needs")
            .tierWhen("dryRun", true, Tier::read)
            .input("all", "Also those with a name that no container uses", false)
            .input("dryRun", "Only say which", true);
        declare(registry, "volumes.prune", "Removes volumes that no container uses, with what is in them",
                &Cleanup::pruneVolumes)
            .route("POST", "/api/volumes/prune")
            .tool("prune_volumes", "Preview (dryRun) or remove volumes that no container uses")
            .tierWhen("dryRun", true, Tier::read)
            .input("dryRun", "Only say which", true);
    }

    DiskUsage diskUsage(const UsageInput& input) { return *usage_.read(input.refresh); }

    Pruned prune(Call& call, const PruneInput& input) {
        return run(call, input.targets.value_or(std::vector{Target::images, Target::buildCache}), input.dryRun);
    }
    Pruned pruneResources(Call& call, const ResourcesInput& input) {
        if (!input.confirmed) throw Invalid("confirmed", "must be true: what is removed is gone");
        return run(call, input.targets, false);
    }
    Pruned pruneImages(Call& call, const ImagesInput& input) {
        std::vector<Target> targets{Target::images};
        if (input.all) targets.push_back(Target::unusedImages);
        return run(call, targets, input.dryRun);
    }
    Pruned pruneVolumes(Call& call, const VolumesInput& input) { return run(call, {Target::volumes}, input.dryRun); }

private:
    template <class Handler>
    Operation declare(Registry& registry, const char* id, const char* summary, Handler handler) {
        return registry.operation(id, summary, admin, Tier::destructive, this, handler)
            .timeLimit(std::chrono::minutes(10));
    }

    Pruned run(Call& call, std::vector<Target> targets, bool dryRun) {
        for (Target& each : targets)
            if (each == Target::buildcache) each = Target::buildCache;
        std::sort(targets.begin(), targets.end());
        targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
        const auto usage = usage_.read(true);
        Pruned pruned{.dryRun = dryRun, .bytes = 0, .results = {}};
        for (const Target target : targets) {
            std::vector<DiskItem> items;
            PrunedTarget result = preview(call, *usage, target, items);
            if (!dryRun) perform(call, target, items, result);
            pruned.bytes += result.bytes;
            pruned.results.push_back(std::move(result));
        }
        if (!dryRun) usage_.read(true);
        return pruned;
    }

    PrunedTarget preview(Call& call, const DiskUsage& usage, Target target, std::vector<DiskItem>& items) {
        PrunedTarget result{boost::describe::enum_to_string(target, ""), {}, 0, {}};
        const auto take = [&](const std::vector<DiskItem>& from) {
            for (const DiskItem& item : from) {
                if (item.inUse || item.kept) continue;
                items.push_back(item);
                result.items.push_back(item.name);
                result.bytes += item.sizeBytes;
            }
        };
        switch (target) {
        case Target::containers:
            take(usage.containers);
            break;
        case Target::images:
            take(usage.danglingImages);
            break;
        case Target::unusedImages:
            take(usage.unusedImages);
            break;
        case Target::volumes:
            take(usage.volumes);
            break;
        case Target::networks:
            result.items = services_.host.call<NetworksPruned>(&call, "networks.prune", NetworksInput{true}).networks;
            break;
        default:
            for (const DiskCategory& each : usage.categories)
                if (each.type == "buildCache") result.bytes = each.reclaimableBytes;
        }
        return result;
    }

    // What was shown, and nothing else, piece by piece: something may have come into use since.
    void perform(Call& call, Target target, const std::vector<DiskItem>& items, PrunedTarget& result) {
        switch (target) {
        case Target::containers:
            return removeEach(items, result, "containers", {{"v", "0"}});
        case Target::volumes:
            return removeEach(items, result, "volumes", {});
        case Target::images:
        case Target::unusedImages:
            return removeEach(items, result, "images", {});
        case Target::networks:
            result.items = services_.host.call<NetworksPruned>(&call, "networks.prune", NetworksInput{false}).networks;
            return;
        default:
            try {
                const auto answer = services_.client.get<PruneAnswer>(
                    {.method = "POST", .path = {"build", "prune"}, .limit = std::chrono::minutes(5)});
                result.items = answer.CachesDeleted.value_or(std::vector<std::string>{});
                result.bytes = answer.SpaceReclaimed;
            } catch (const EngineRefusal& refusal) {
                result.error = refusal.words;
            } catch (const Unsupported& refusal) {
                result.error = refusal.what();
            }
        }
    }

    void removeEach(const std::vector<DiskItem>& items, PrunedTarget& result, const char* kind,
                    const std::vector<std::pair<std::string, std::string>>& query) {
        result.items.clear();
        result.bytes = 0;
        std::string errors;
        std::size_t refused = 0;
        for (const DiskItem& item : items) {
            try {
                for (const std::string& each : item.tags.empty() ? std::vector{item.name} : item.tags) remove(kind, each, query);
                result.items.push_back(item.name);
                result.bytes += item.sizeBytes;
            } catch (const Unavailable&) {
                throw;
            } catch (const Error& error) {
                if (++refused <= kToldErrors) errors += (errors.empty() ? "" : "; ") + item.name + ": " + error.what();
            }
        }
        if (refused > kToldErrors) errors += "; and " + std::to_string(refused - kToldErrors) + " more";
        if (refused) result.error = errors;
    }

    void remove(const char* kind, const std::string& name, const std::vector<std::pair<std::string, std::string>>& query) {
        try {
            services_.client.send(
                {.method = "DELETE", .path = {kind, name}, .query = query, .limit = std::chrono::minutes(2)});
        } catch (const NotFound&) { // gone meanwhile
        }
    }

    Services& services_;
    DiskUsageReader usage_;
};

} // namespace

std::unique_ptr<Group> cleanup(Registry& registry, Services& services) {
    return std::make_unique<Cleanup>(registry, services);
}

} // namespace talome::docker

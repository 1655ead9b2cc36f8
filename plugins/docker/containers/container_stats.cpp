// GET /api/containers/{id}/stats: what one running container uses, from the sampler that the list uses too.
#include "services.hpp"

namespace talome::docker {

namespace {

class ContainerUsage : public Group {
public:
    ContainerUsage(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("containers.stats", "Says what a running container uses", kApps, Tier::read, this,
                       &ContainerUsage::stats)
            .route("GET", "/api/containers/{id}/stats")
            .tool("get_container_stats", "CPU in percent of one core, memory, network and disk of one container",
                  {{"containerId", "id"}})
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .target("container", "id");
    }

    ContainerStats stats(const ContainerRef& input) {
        const RecordPtr record = services_.keeper.resolve(input.id);
        if (record->running()) {
            if (const auto stats = services_.sampler.read(record->id)) return *stats;
        }
        throw Conflict("container " + record->shown.name + " is not running");
    }

private:
    Services& services_;
};

} // namespace

std::unique_ptr<Group> containerStats(Registry& registry, Services& services) {
    return std::make_unique<ContainerUsage>(registry, services);
}

} // namespace talome::docker

// GET /api/containers/stacks: the same as GET /api/containers?grouped=true, for other plugins with a type of its own.
#include "containers/list_source.hpp"

namespace talome::docker {

namespace {

class ContainerStacks : public Group {
public:
    ContainerStacks(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("containers.stacks", "Gathers containers by the project that they belong to", kApps, Tier::read,
                       this, &ContainerStacks::stacks)
            .route("GET", "/api/containers/stacks");
    }

    std::vector<Stack> stacks() { return gatherStacks(withStats(services_, services_.cache.trueSnapshot()->containers)); }

private:
    Services& services_;
};

} // namespace

std::unique_ptr<Group> containerStacks(Registry& registry, Services& services) {
    return std::make_unique<ContainerStacks>(registry, services);
}

} // namespace talome::docker

// GET /api/containers/{id}/check: whether something is wrong with a container, and what could be done.
#include "containers/container_groups.hpp"
#include "containers/container_judge.hpp"

namespace talome::docker {

namespace {

class ContainerCheck : public Group {
public:
    ContainerCheck(Registry& registry, Services& services) : services_(services), judge_(services) {
        registry.needs(TALOME_FETCH);
        registry
            .operation("containers.check", "Says whether something is wrong with a container, and what could be done",
                       kApps, Tier::read, this, &ContainerCheck::check)
            .route("GET", "/api/containers/{id}/check")
            .tool("check_service_health", "Whether a container runs, what it uses, and what is wrong with it",
                  {{"containerId", "id"}})
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .timeLimit(std::chrono::seconds(60))
            .target("container", "id");
    }

    CheckReport check(Call& call, const ContainerRef& input) {
        return judge_.judge(call, *services_.keeper.resolve(input.id), {});
    }

private:
    Services& services_;
    ContainerJudge judge_;
};

} // namespace

std::unique_ptr<Group> containerCheck(Registry& registry, Services& services) {
    return std::make_unique<ContainerCheck>(registry, services);
}

} // namespace talome::docker

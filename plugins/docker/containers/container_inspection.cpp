// What the engine itself says of a container: GET …/inspect in full, which holds secrets and is an administrator's, and
// GET …/top, its processes.
#include "services.hpp"

namespace talome::docker {

namespace {

struct Processes {
    std::vector<std::string> titles;
    std::vector<std::vector<std::string>> processes; // a value for each title
};
BOOST_DESCRIBE_STRUCT(Processes, (), (titles, processes))

struct TopAnswer {
    engine::List<std::string> Titles;
    engine::List<std::vector<std::string>> Processes;
};
BOOST_DESCRIBE_STRUCT(TopAnswer, (), (Titles, Processes))

class ContainerInspection : public Group {
public:
    ContainerInspection(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("containers.inspect", "What the engine says of a container, secrets and all", admin, Tier::read,
                       this, &ContainerInspection::inspect)
            .route("GET", "/api/containers/{id}/inspect")
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .target("container", "id");
        registry
            .operation("containers.top", "Lists the processes of a running container", kApps, Tier::read, this,
                       &ContainerInspection::top)
            .route("GET", "/api/containers/{id}/top")
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .target("container", "id");
    }

    Json inspect(const ContainerRef& input) {
        const RecordPtr record = services_.keeper.resolve(input.id);
        return Json{services_.client.send({.path = {"containers", record->id, "json"}})};
    }

    Processes top(const ContainerRef& input) {
        const RecordPtr record = services_.keeper.resolveRunning(input.id);
        try {
            auto answer = services_.client.get<TopAnswer>({.path = {"containers", record->id, "top"}});
            return {std::move(answer.Titles).value_or(std::vector<std::string>{}),
                    std::move(answer.Processes).value_or(std::vector<std::vector<std::string>>{})};
        } catch (const EngineRefusal& refusal) { // it has ended meanwhile, or is about to start again
            throw Conflict("container " + record->shown.name + ": " + refusal.words);
        }
    }

private:
    Services& services_;
};

} // namespace

std::unique_ptr<Group> containerInspection(Registry& registry, Services& services) {
    return std::make_unique<ContainerInspection>(registry, services);
}

} // namespace talome::docker

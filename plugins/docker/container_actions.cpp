// POST /api/containers/{id}/ACTION. An action is a line of the constructor and a function of one line: the engine's own
// word for it is the last segment of the path here and there.
#include "services.hpp"

namespace talome::docker {

namespace {

constexpr std::chrono::seconds kLongest{120}; // for what an action does besides waiting

struct ActionInput {
    std::string id;
    std::optional<int> timeout;
};
BOOST_DESCRIBE_STRUCT(ActionInput, (), (id, timeout))

class ContainerActions : public Group {
public:
    ContainerActions(Registry& registry, Services& services) : registry_(registry), services_(services) {
        declare("start", "Starts a container", "Start a container by id or name", &ContainerActions::start);
        declare("stop", "Stops a container", "Stop a container by id or name", &ContainerActions::stop);
        declare("restart", "Restarts a container", "Restart a container by id or name", &ContainerActions::restart);
    }

    void start(const ActionInput& input) { act(input, "start"); }
    void stop(const ActionInput& input) { act(input, "stop"); }
    void restart(const ActionInput& input) { act(input, "restart"); }

private:
    void declare(const std::string& action, const char* summary, const char* toolSummary,
                 void (ContainerActions::*handler)(const ActionInput&)) {
        registry_.operation("containers." + action, summary, kApps, Tier::modify, this, handler)
            .route("POST", "/api/containers/{id}/" + action)
            .tool(action + "_container", toolSummary, {{"containerId", "id"}})
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .input("timeout",
                   "Seconds that its processes have to end before they are killed; the container's own if not given",
                   range(0, 600))
            .target("container", "id");
    }

    // What is already so is a success (the engine's 304). When this returns, the list shows what was done.
    void act(const ActionInput& input, const char* action) {
        const RecordPtr record = services_.keeper.resolve(input.id);
        EngineRequest request{.method = "POST", .path = {"containers", record->id, action}, .limit = kLongest};
        if (input.timeout) {
            request.query = {{"t", std::to_string(*input.timeout)}};
            request.limit += std::chrono::seconds(*input.timeout);
        }
        try {
            services_.client.send(request);
        } catch (const EngineRefusal& refusal) {
            services_.keeper.lookAt(record->id);
            throw Conflict("cannot " + std::string(action) + " " + record->shown.name + ": " + refusal.words);
        }
        services_.keeper.lookAt(record->id);
    }

    Registry& registry_; // of the constructor's time
    Services& services_;
};

} // namespace

std::unique_ptr<Group> containerActions(Registry& registry, Services& services) {
    return std::make_unique<ContainerActions>(registry, services);
}

} // namespace talome::docker

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

struct KillInput {
    std::string id;
    std::string signal;
};
BOOST_DESCRIBE_STRUCT(KillInput, (), (id, signal))

using Query = std::vector<std::pair<std::string, std::string>>;

class ContainerActions : public Group {
public:
    ContainerActions(Registry& registry, Services& services) : services_(services) {
        const auto timed = [&](const char* action, const char* summary, const char* toolSummary, auto handler) {
            declare(registry, action, summary, handler)
                .tool(std::string(action) + "_container", toolSummary, {{"containerId", "id"}})
                .automationSafe()
                .input("timeout",
                       "Seconds that its processes have to end before they are killed; the container's own if not given",
                       range(0, 600));
        };
        timed("start", "Starts a container", "Start a container by id or name", &ContainerActions::start);
        timed("stop", "Stops a container", "Stop a container by id or name", &ContainerActions::stop);
        timed("restart", "Restarts a container", "Restart a container by id or name", &ContainerActions::restart);
        declare(registry, "pause", "Holds a container's processes where they are", &ContainerActions::pause);
        declare(registry, "unpause", "Lets a paused container go on", &ContainerActions::unpause);
        declare(registry, "kill", "Sends a signal to a container's first process", &ContainerActions::kill)
            .input("signal", "SIGKILL, TERM, 9 …", pattern("^(SIG)?[A-Z0-9+-]{1,12}$"), "SIGKILL");
    }

    void start(const ActionInput& input) { act(resolve(input.id), "start", input.timeout.value_or(0), timeQuery(input)); }
    void stop(const ActionInput& input) { act(resolve(input.id), "stop", input.timeout.value_or(0), timeQuery(input)); }
    void restart(const ActionInput& input) {
        act(resolve(input.id), "restart", input.timeout.value_or(0), timeQuery(input));
    }
    void pause(const ContainerRef& input) { actUnless(ContainerStatus::paused, input, "pause"); }
    void unpause(const ContainerRef& input) { actUnless(ContainerStatus::running, input, "unpause"); }
    void kill(const KillInput& input) { act(resolve(input.id), "kill", 0, {{"signal", input.signal}}); }

private:
    template <class Handler>
    Operation declare(Registry& registry, const std::string& action, const char* summary, Handler handler) {
        return registry.operation("containers." + action, summary, kApps, Tier::modify, this, handler)
            .route("POST", "/api/containers/{id}/" + action)
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .timeLimit(kLongest + std::chrono::seconds(600))
            .target("container", "id");
    }

    RecordPtr resolve(const std::string& ref) { return services_.keeper.resolve(ref); }

    static Query timeQuery(const ActionInput& input) {
        if (!input.timeout) return {};
        return {{"t", std::to_string(*input.timeout)}};
    }

    void actUnless(ContainerStatus already, const ContainerRef& input, const char* action) {
        const RecordPtr record = resolve(input.id);
        if (record->shown.status != already) act(record, action, 0, {});
    }

    // What is already so is a success (the engine's 304). When this returns, the list shows what was done.
    void act(const RecordPtr& record, const char* action, int seconds, Query query) {
        const EngineRequest request{.method = "POST",
                                    .path = {"containers", record->id, action},
                                    .query = std::move(query),
                                    .limit = kLongest + std::chrono::seconds(seconds)};
        try {
            services_.client.send(request);
        } catch (const EngineRefusal& refusal) {
            services_.keeper.lookAt(record->id);
            const std::string words = "cannot " + std::string(action) + " " + record->shown.name + ": " + refusal.words;
            if (refusal.words.find("signal") != std::string::npos && std::string_view(action) == "kill")
                throw Invalid("signal", refusal.words);
            throw Conflict(words);
        }
        services_.keeper.lookAt(record->id);
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> containerActions(Registry& registry, Services& services) {
    return std::make_unique<ContainerActions>(registry, services);
}

} // namespace talome::docker

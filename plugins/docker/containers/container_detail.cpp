// GET /api/containers/{id}: what the list says, and what an inspection adds. Values of environment variables hold
// secrets and are never shown.
#include "services.hpp"

namespace talome::docker {

namespace {

constexpr const char* kProjectLabel = "com.docker.compose.project";

// The engine writes the year 1 for a time that has not been.
std::optional<std::string> timeOrNothing(const std::string& text) {
    if (text.empty() || text.starts_with("0001-")) return std::nullopt;
    return text;
}

std::vector<std::string> namesOf(const engine::List<std::string>& environment) {
    std::vector<std::string> names;
    for (const std::string& variable : environment.value_or(std::vector<std::string>{})) {
        names.push_back(variable.substr(0, variable.find('=')));
    }
    return names;
}

void addState(ContainerDetail& detail, const engine::InspectedContainer& from) {
    const engine::State& state = from.State_;
    detail.status = containerStatus(state.Status);
    detail.state = state.Status;
    detail.startedAt = timeOrNothing(state.StartedAt);
    detail.finishedAt = timeOrNothing(state.FinishedAt);
    if (detail.finishedAt && state.Pid == 0) detail.exitCode = state.ExitCode;
    if (state.Health_ && state.Health_->Status != "none") detail.health = state.Health_->Status;
    detail.restartCount = from.RestartCount;
    const auto policy = from.HostConfig_.RestartPolicy_;
    detail.restartPolicy = policy && !policy->Name.empty() ? policy->Name : "no";
}

void addSurroundings(ContainerDetail& detail, const engine::InspectedContainer& from) {
    for (const auto& [name, endpoint] :
         from.NetworkSettings_.Networks.value_or(std::map<std::string, engine::Endpoint>{})) {
        detail.networks.push_back({name, endpoint.NetworkID.substr(0, 12), endpoint.IPAddress,
                                   endpoint.Aliases.value_or(std::vector<std::string>{})});
    }
    for (const auto& mount : from.Mounts.value_or(std::vector<engine::Mount>{})) {
        detail.mounts.push_back({mount.Type, mount.Name, mount.Source, mount.Destination, !mount.RW});
    }
}

class ContainerDetails : public Group {
public:
    ContainerDetails(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("containers.get", "Shows one container in full, without the values of its environment", kApps,
                       Tier::read, this, &ContainerDetails::get)
            .route("GET", "/api/containers/{id}")
            .tool("inspect_container", "One container: state, restarts, times, mounts, networks, labels",
                  {{"containerId", "id"}})
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .target("container", "id");
    }

    ContainerDetail get(const ContainerRef& input) {
        const RecordPtr record = services_.keeper.resolve(input.id);
        const auto inspected =
            services_.client.get<engine::InspectedContainer>({.path = {"containers", record->id, "json"}});
        ContainerDetail detail;
        static_cast<Container&>(detail) = record->shown;
        addState(detail, inspected);
        addSurroundings(detail, inspected);
        detail.env = namesOf(inspected.Config_.Env);
        if (!inspected.Path.empty()) detail.command.push_back(inspected.Path);
        for (const std::string& argument : inspected.Args.value_or(std::vector<std::string>{})) {
            detail.command.push_back(argument);
        }
        if (const auto project = detail.labels.find(kProjectLabel); project != detail.labels.end()) {
            detail.appId = project->second;
        }
        if (const SamplesPtr samples = services_.sampler.latest()) {
            if (const ContainerStats* stats = samples->find(record->id); stats && inspected.State_.Pid != 0) {
                detail.stats = *stats;
            }
        }
        return detail;
    }

private:
    Services& services_;
};

} // namespace

std::unique_ptr<Group> containerDetail(Registry& registry, Services& services) {
    return std::make_unique<ContainerDetails>(registry, services);
}

} // namespace talome::docker

// The docker plugin: what it declares, as a table. The operations are declared by their groups, one file each.
#include "containers/container_groups.hpp"
#include "containers/event_history.hpp"
#include "containers/log_filter.hpp"
#include "engine/engine_address.hpp"
#include "services.hpp"

#include <cstdlib>

namespace talome::docker {

namespace {

using MakeGroup = std::unique_ptr<Group> (*)(Registry&, Services&);
constexpr MakeGroup kGroups[] = {
    containersList,      // GET    /api/containers
    containerDetail,     // GET    /api/containers/{id}
    containerActions,    // POST   /api/containers/{id}/start …
    containerUpdate,     // PATCH  /api/containers/{id}
    containerRemoval,    // DELETE /api/containers/{id}
    containerInspection, // GET    /api/containers/{id}/inspect, …/top
    containerExec,       // POST   /api/containers/{id}/exec
    containerTerminal,   // containers.terminalOpen …, for the terminal plugin
    containerCheck,      // GET    /api/containers/{id}/check
    containerCreate,     // POST   /api/containers
    containerChecks,     // GET    /api/containers/check
    containerErrors,     // GET    /api/containers/{id}/last-error, …/startup-errors
    containerStacks,     // GET    /api/containers/stacks
    logSearch,           // GET    /api/containers/logs
    containerHistory,    // GET    /api/containers/{id}/events
    containerLogs,       // GET    /api/containers/{id}/logs
    containerStats,      // GET    /api/containers/{id}/stats
    networksList,        // GET    /api/networks, /api/networks/{id}
    networkChanges,      // POST   /api/networks, DELETE, …/connect, …/disconnect
    networkPrune,        // POST   /api/networks/prune
    imagesList,          // GET    /api/images, GET and DELETE /api/images/{id}
    imagePull,           // POST   /api/images/pull
    updateCheck,         // GET    /api/images/updates, /api/images/update
    cleanup,             // GET    /api/docker/disk-usage, POST …/prune
    volumes,             // GET    /api/volumes …
    dockerHealth,        // docker.health
};

} // namespace

class Docker : public Plugin {
public:
    explicit Docker(Registry& registry) : services_(registry.host()) {
        keepRe2();
        registry.migration(1, "CREATE TABLE image_updates(image TEXT PRIMARY KEY, digest TEXT, error TEXT, "
                              "checked_at INTEGER NOT NULL) STRICT");
        registry.migration(2, EventHistory::kMigration);
        for (const MakeGroup make : kGroups) groups_.push_back(make(registry, services_));
        registry.flag("apps", "Containers and apps", true);

        registry
            .setting("docker_socket",
                     "The Docker engine: path of a unix socket, or tcp://HOST:PORT; empty: the usual places", "")
            .length(0, 300)
            .restart();
        registry
            .setting("docker_cert_path",
                     "Folder of ca.pem, cert.pem and key.pem for an engine that is reached by TLS; empty: none", "")
            .length(0, 300)
            .restart();

        registry.topic<ContainerEvent>("container.created", "A container was created", kApps);
        registry.topic<ContainerEvent>("container.started", "A container was started", kApps);
        registry.topic<ContainerEvent>("container.stopped", "A container ended because it was asked to", kApps);
        registry.topic<ContainerEvent>("container.died", "A container ended by itself", kApps);
        registry.topic<ContainerEvent>("container.oom", "A container ran out of memory", kApps);
        registry.topic<ContainerEvent>("container.health", "A container's health check changed its verdict", kApps);
        registry.topic<ContainerEvent>("container.paused", "A container was paused", kApps);
        registry.topic<ContainerEvent>("container.unpaused", "A paused container goes on", kApps);
        registry.topic<ContainerEvent>("container.renamed", "A container has a new name", kApps);
        registry.topic<ContainerEvent>("container.updated", "A container has new limits or restart policy", kApps);
        registry.topic<ContainerEvent>("container.removed", "A container was removed", kApps);
        registry.events("containers.events", "What happens to containers, as it happens", kApps, "/api/containers/events")
            .source("container.*")
            .source("docker.engine")
            .replay(256);
        registry.topic<EngineState>("docker.engine", "The Docker engine was lost, or is back", kApps);

        registry.task(kConnectTask, "Connects to the Docker engine", &services_.keeper, &EngineKeeper::connectTask);
        registry.task(kRefreshTask, "Looks at containers that have changed", &services_.keeper,
                      &EngineKeeper::refreshTask);
        registry.task(kSampleTask, "Reads what running containers use", &services_.sampler, &Sampler::sampleTask);

        registry.needs(TALOME_IO);
    }

    void start() {
        const auto environment = [](const char* name) -> std::optional<std::string> {
            const char* value = std::getenv(name);
            if (!value) return std::nullopt;
            return value;
        };
        const EngineSettings settings{services_.host.setting<std::string>("docker_socket"),
                                      services_.host.setting<std::string>("docker_cert_path")};
        services_.client.setAddress(engineAddress(environment, settings));
        services_.keeper.open();
    }
    void activate() { services_.keeper.activate(); }
    void quiesce() {
        for (const auto& group : groups_) group->quiesce();
        services_.keeper.close();
    }
    void stop() {
        services_.keeper.close();
        services_.client.closeIdle();
    }

private:
    Services services_;
    std::vector<std::unique_ptr<Group>> groups_;
};

} // namespace talome::docker

TALOME_PLUGIN(talome::docker::Docker, "docker", "1.0.0",
              "Containers of a Docker engine: list, control, logs, usage and events.")

// docker.health, which the host asks for its own health answer: from what is known, without asking the engine.
#include "services.hpp"

namespace talome::docker {

namespace {

struct Health {
    bool ok = false;
    std::optional<std::string> version, error;
};
BOOST_DESCRIBE_STRUCT(Health, (), (ok, version, error))

class DockerHealth : public Group {
public:
    DockerHealth(Registry& registry, Services& services) : services_(services) {
        registry.operation("docker.health", "Says whether the Docker engine answers", session, Tier::read, this,
                           &DockerHealth::health);
    }

    Health health() {
        const SnapshotPtr snapshot = services_.cache.snapshot();
        if (!snapshot->problem.empty()) return {false, {}, snapshot->problem};
        return {true, snapshot->version, {}};
    }

private:
    Services& services_;
};

} // namespace

std::unique_ptr<Group> dockerHealth(Registry& registry, Services& services) {
    return std::make_unique<DockerHealth>(registry, services);
}

} // namespace talome::docker

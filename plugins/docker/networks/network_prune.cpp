// POST /api/networks/prune: networks that no container needs, running or not. Shown first, and removed only when asked to
// (`dryRun` false): the engine's own prune would also take those of containers that are stopped.
#include "networks/network_reader.hpp"
#include "services.hpp"

namespace talome::docker {

namespace {

struct PruneInput {
    bool dryRun = true;
};
BOOST_DESCRIBE_STRUCT(PruneInput, (), (dryRun))

struct PruneFailure {
    std::string name, error;
};
BOOST_DESCRIBE_STRUCT(PruneFailure, (), (name, error))

struct Pruned {
    bool dryRun = true;
    std::vector<std::string> networks; // removed, or to be removed
    std::vector<PruneFailure> failed;
};
BOOST_DESCRIBE_STRUCT(Pruned, (), (dryRun, networks, failed))

class NetworkPrune : public Group {
public:
    NetworkPrune(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("networks.prune", "Removes networks that no container needs", admin, Tier::destructive, this,
                       &NetworkPrune::prune)
            .route("POST", "/api/networks/prune")
            .route("POST", "/api/containers/networks/prune")
            .input("dryRun", "Only say which", true)
            .timeLimit(std::chrono::minutes(2));
    }

    Pruned prune(const PruneInput& input) {
        Pruned pruned{.dryRun = input.dryRun, .networks = {}, .failed = {}};
        for (const Network& network : listNetworks(services_.client)) {
            if (network.predefined || network.managed || !network.containers.empty()) continue;
            try {
                if (!input.dryRun) services_.client.send({.method = "DELETE", .path = {"networks", network.id}});
                pruned.networks.push_back(network.name);
            } catch (const Unavailable&) {
                throw;
            } catch (const Error& error) {
                pruned.failed.push_back({network.name, error.what()});
            }
        }
        return pruned;
    }

private:
    Services& services_;
};

} // namespace

std::unique_ptr<Group> networkPrune(Registry& registry, Services& services) {
    return std::make_unique<NetworkPrune>(registry, services);
}

} // namespace talome::docker

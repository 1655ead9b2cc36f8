// GET /api/networks and GET /api/networks/{id}; both also below /api/containers, where they were once.
#include "networks/network_reader.hpp"
#include "services.hpp"

namespace talome::docker {

namespace {

class NetworksList : public Group {
public:
    NetworksList(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("networks.list", "Lists networks with the containers in them", admin, Tier::read, this,
                       &NetworksList::list)
            .route("GET", "/api/networks")
            .route("GET", "/api/containers/networks")
            .tool("list_networks", "Networks of the engine: driver, scope, attached containers");
        registry
            .operation("networks.get", "Shows one network, with the aliases of its containers", admin, Tier::read, this,
                       &NetworksList::get)
            .route("GET", "/api/networks/{id}")
            .route("GET", "/api/containers/networks/{id}")
            .input("id", "Id, start of an id, or name", pattern(kNetworkPattern))
            .target("network", "id");
    }

    std::vector<Network> list() { return listNetworks(services_.client); }
    Network get(const NetworkRef& input) { return readNetwork(services_.client, input.id); }

private:
    Services& services_;
};

} // namespace

std::unique_ptr<Group> networksList(Registry& registry, Services& services) {
    return std::make_unique<NetworksList>(registry, services);
}

} // namespace talome::docker

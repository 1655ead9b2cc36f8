// The engine's list of networks does not say who is in them, and one network's detail leaves out those that do not run:
// the list of containers says both.
#include "networks/network_reader.hpp"

#include <algorithm>

namespace talome::docker {

namespace {

constexpr std::size_t kMostInspected = 200; // for their aliases

bool isPredefined(const engine::ListedNetwork& from) {
    return from.Name == "bridge" || from.Name == "host" || from.Name == "none" || from.Name == "docker_gwbridge" ||
           from.Ingress;
}

Network networkOf(const engine::ListedNetwork& from) {
    Network network;
    network.id = from.Id.substr(0, 12);
    network.name = from.Name;
    network.driver = from.Driver;
    network.scope = from.Scope;
    network.internal = from.Internal;
    network.attachable = from.Attachable;
    network.ipv6 = from.EnableIPv6;
    const auto ranges = from.IPAM ? from.IPAM->Config.value_or(std::vector<engine::IpamConfig>{})
                                  : std::vector<engine::IpamConfig>{};
    if (!ranges.empty()) {
        network.subnet = ranges.front().Subnet;
        network.gateway = ranges.front().Gateway;
    }
    network.labels = from.Labels_.value_or(std::map<std::string, std::string>{});
    const auto managed = network.labels.find("talome.managed");
    network.managed = managed != network.labels.end() && managed->second == "true";
    network.predefined = isPredefined(from);
    network.createdAt = from.Created;
    return network;
}

std::string nameOf(const engine::PlacedContainer& from) {
    for (const std::string& name : from.Names.value_or(std::vector<std::string>{})) {
        if (name.starts_with('/') && name.find('/', 1) == std::string::npos) return name.substr(1);
    }
    return from.Id.substr(0, 12);
}

// By the network's name: the engine fills in the id only while a container runs.
std::multimap<std::string, NetworkMember> membersByNetwork(const EngineClient& client) {
    std::multimap<std::string, NetworkMember> members;
    const auto containers = client.get<std::vector<engine::PlacedContainer>>(
        {.path = {"containers", "json"}, .query = {{"all", "1"}}});
    for (const auto& container : containers) {
        if (!container.NetworkSettings || !container.NetworkSettings->Networks) continue;
        for (const auto& [network, endpoint] : *container.NetworkSettings->Networks) {
            members.emplace(network, NetworkMember{container.Id.substr(0, 12), nameOf(container), endpoint.IPAddress,
                                                   endpoint.GlobalIPv6Address, {}});
        }
    }
    return members;
}

void addMembers(Network& network, const std::multimap<std::string, NetworkMember>& members) {
    const auto [from, to] = members.equal_range(network.name);
    for (auto it = from; it != to; ++it) network.containers.push_back(it->second);
    std::sort(network.containers.begin(), network.containers.end(),
              [](const NetworkMember& a, const NetworkMember& b) { return a.name < b.name; });
}

} // namespace

std::vector<Network> listNetworks(const EngineClient& client) {
    std::vector<Network> networks;
    for (const auto& listed : client.get<std::vector<engine::ListedNetwork>>({.path = {"networks"}}))
        networks.push_back(networkOf(listed));
    const auto members = membersByNetwork(client);
    for (Network& network : networks) addMembers(network, members);
    std::sort(networks.begin(), networks.end(), [](const Network& a, const Network& b) { return a.name < b.name; });
    return networks;
}

Network readNetwork(const EngineClient& client, const std::string& ref) {
    Network network;
    try {
        network = networkOf(client.get<engine::ListedNetwork>({.path = {"networks", ref}}));
    } catch (const NotFound&) {
        throw NotFound("there is no network \"" + ref + "\"");
    }
    addMembers(network, membersByNetwork(client));
    for (std::size_t i = 0; i < std::min(network.containers.size(), kMostInspected); ++i) {
        try {
            const auto inspected = client.get<engine::InspectedContainer>(
                {.path = {"containers", network.containers[i].id, "json"}});
            const auto places = inspected.NetworkSettings_.Networks.value_or(std::map<std::string, engine::Endpoint>{});
            if (const auto here = places.find(network.name); here != places.end())
                network.containers[i].aliases = here->second.Aliases.value_or(std::vector<std::string>{});
        } catch (const NotFound&) { // removed meanwhile
        }
    }
    return network;
}

} // namespace talome::docker

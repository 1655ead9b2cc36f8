// Networks as the REST API shows them, and as the engine does.
#pragma once

#include "engine/engine_types.hpp"

namespace talome::docker {

// A container in a network. The list does not know aliases: GET /api/networks/{id} does.
struct NetworkMember {
    std::string id, name; // 12 hexadecimal digits
    std::string ipv4, ipv6;
    std::vector<std::string> aliases;
};
BOOST_DESCRIBE_STRUCT(NetworkMember, (), (id, name, ipv4, ipv6, aliases))

struct Network {
    std::string id; // 12 hexadecimal digits
    std::string name, driver, scope;
    std::vector<NetworkMember> containers;
    bool internal = false, attachable = false, ipv6 = false;
    std::optional<std::string> subnet, gateway; // the first of each
    std::map<std::string, std::string> labels;
    bool managed = false;    // Talome's own
    bool predefined = false; // the engine's own
    std::string createdAt;
};
BOOST_DESCRIBE_STRUCT(Network, (),
                      (id, name, driver, scope, containers, internal, attachable, ipv6, subnet, gateway, labels,
                       managed, predefined, createdAt))

struct NetworkRef {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(NetworkRef, (), (id))

inline constexpr const char* kNetworkPattern = "^(?![0-9a-f]{65,}$)[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$";

namespace engine {

// GET /networks, GET /networks/ID
struct IpamConfig {
    std::optional<std::string> Subnet, Gateway;
};
struct Ipam {
    List<IpamConfig> Config;
};
struct NetworkContainer {
    std::string Name, IPv4Address, IPv6Address; // with the length of their prefix
};
struct ListedNetwork {
    std::string Name, Id, Created, Scope, Driver;
    bool EnableIPv6 = false, Internal = false, Attachable = false, Ingress = false;
    std::optional<Ipam> IPAM;
    engine::Labels Labels_;
    std::optional<std::map<std::string, NetworkContainer>> Containers;
};
BOOST_DESCRIBE_STRUCT(IpamConfig, (), (Subnet, Gateway))
BOOST_DESCRIBE_STRUCT(Ipam, (), (Config))
BOOST_DESCRIBE_STRUCT(NetworkContainer, (), (Name, IPv4Address, IPv6Address))
BOOST_DESCRIBE_STRUCT(ListedNetwork, (),
                      (Name, Id, Created, Scope, Driver, EnableIPv6, Internal, Attachable, Ingress, IPAM, Labels_,
                       Containers))

// GET /containers/json, as much as says where containers are
struct PlacedEndpoint {
    std::string NetworkID, IPAddress, GlobalIPv6Address;
};
struct PlacedNetworks {
    std::optional<std::map<std::string, PlacedEndpoint>> Networks;
};
struct PlacedContainer {
    std::string Id;
    List<std::string> Names;
    std::optional<PlacedNetworks> NetworkSettings;
};
BOOST_DESCRIBE_STRUCT(PlacedEndpoint, (), (NetworkID, IPAddress, GlobalIPv6Address))
BOOST_DESCRIBE_STRUCT(PlacedNetworks, (), (Networks))
BOOST_DESCRIBE_STRUCT(PlacedContainer, (), (Id, Names, NetworkSettings))

} // namespace engine
} // namespace talome::docker

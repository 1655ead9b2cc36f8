// POST and DELETE below /api/networks: made and removed, and containers put in and taken out. The engine's own networks
// and Talome's are not removed, nor one that a container needs, running or not.
#include "networks/network_reader.hpp"
#include "services.hpp"

namespace talome::docker {

namespace {

struct CreateInput {
    std::string name, driver;
    bool internal = false, ipv6 = false;
    std::optional<std::string> subnet, gateway;
    std::optional<std::map<std::string, std::string>> labels;
};
BOOST_DESCRIBE_STRUCT(CreateInput, (), (name, driver, internal, ipv6, subnet, gateway, labels))

struct Created {
    bool ok = true;
    std::string id;
};
BOOST_DESCRIBE_STRUCT(Created, (), (ok, id))

struct ConnectInput {
    std::string id, container;
    std::optional<std::vector<std::string>> aliases;
    std::optional<std::string> ipv4;
};
BOOST_DESCRIBE_STRUCT(ConnectInput, (), (id, container, aliases, ipv4))

struct DisconnectInput {
    std::string id, container;
};
BOOST_DESCRIBE_STRUCT(DisconnectInput, (), (id, container))

// Of the engine.
struct CreateBody {
    std::string Name, Driver;
    bool CheckDuplicate = true, Internal = false, EnableIPv6 = false;
    std::optional<engine::Ipam> IPAM;
    std::map<std::string, std::string> Labels;
};
BOOST_DESCRIBE_STRUCT(CreateBody, (), (Name, Driver, CheckDuplicate, Internal, EnableIPv6, IPAM, Labels))
struct EndpointIpam {
    std::string IPv4Address;
};
BOOST_DESCRIBE_STRUCT(EndpointIpam, (), (IPv4Address))
struct EndpointConfig {
    std::vector<std::string> Aliases;
    std::optional<EndpointIpam> IPAMConfig;
};
BOOST_DESCRIBE_STRUCT(EndpointConfig, (), (Aliases, IPAMConfig))
struct ConnectBody {
    std::string Container;
    EndpointConfig EndpointConfig_;
};
BOOST_DESCRIBE_STRUCT(ConnectBody, (), (Container, EndpointConfig_))
struct DisconnectBody {
    std::string Container;
    bool Force = false;
};
BOOST_DESCRIBE_STRUCT(DisconnectBody, (), (Container, Force))

constexpr const char* kCidr = "^[0-9a-fA-F.:]{2,45}/[0-9]{1,3}$";
constexpr const char* kAddress = "^[0-9a-fA-F.:]{2,45}$";

// The engine says 403 for what stands in the way (a pool that overlaps, a container that is in already), and 500 for
// an address outside of the subnet.
template <class Ask> std::invoke_result_t<const Ask&> change(const Ask& ask) {
    try {
        return ask();
    } catch (const EngineRefusal& refusal) {
        if (refusal.status == TALOME_E_INVALID) throw Invalid(refusal.words);
        throw Conflict(refusal.words);
    } catch (const Denied& refused) {
        throw Conflict(refused.what());
    }
}

class NetworkChanges : public Group {
public:
    NetworkChanges(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("networks.create", "Makes a network", admin, Tier::modify, this, &NetworkChanges::create)
            .route("POST", "/api/networks", 201)
            .route("POST", "/api/containers/networks", 201)
            .tool("create_network", "Make a Docker network")
            .input("name", "Letters, digits, _ . -", pattern("^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$"))
            .input("driver", "What makes it", oneOf({"bridge", "overlay", "macvlan", "ipvlan"}), "bridge")
            .input("internal", "Without a way out", false)
            .input("ipv6", "With IPv6", false)
            .input("subnet", "Its addresses: 172.30.0.0/24; chosen by the engine unless given", pattern(kCidr))
            .input("gateway", "Address of its gateway, within the subnet", pattern(kAddress))
            .input("labels", "Labels, by name")
            .target("network", "name");
        named(registry, "networks.remove", "Removes a network that nobody needs", Tier::destructive,
              &NetworkChanges::remove)
            .route("DELETE", "/api/networks/{id}")
            .route("DELETE", "/api/containers/networks/{id}")
            .tool("remove_network", "Delete an empty Docker network", {{"name", "id"}});
        named(registry, "networks.connect", "Puts a container into a network", Tier::modify, &NetworkChanges::connect)
            .route("POST", "/api/networks/{id}/connect")
            .route("POST", "/api/containers/networks/{id}/connect")
            .tool("connect_container_to_network", "Attach a container to a network", {{"network", "id"}})
            .input("container", "Id, start of an id, or name", pattern(kContainerPattern))
            .input("aliases", "Further names by which it is found there", items(0, 32))
            .input("aliases[]", "A name", pattern("^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$"))
            .input("ipv4", "Its address there", pattern("^[0-9.]{7,15}$"));
        named(registry, "networks.disconnect", "Takes a container out of a network", Tier::modify,
              &NetworkChanges::disconnect)
            .route("POST", "/api/networks/{id}/disconnect")
            .route("POST", "/api/containers/networks/{id}/disconnect")
            .tool("disconnect_container", "Detach a container from a network", {{"network", "id"}})
            .input("container", "Id, start of an id, or name", pattern(kContainerPattern));
    }

    Created create(const CreateInput& input) {
        if (input.gateway && !input.subnet) throw Invalid("gateway", "is given together with a subnet");
        CreateBody body{.Name = input.name,
                        .Driver = input.driver,
                        .Internal = input.internal,
                        .EnableIPv6 = input.ipv6,
                        .IPAM = {},
                        .Labels = input.labels.value_or(std::map<std::string, std::string>{})};
        if (input.subnet) body.IPAM = engine::Ipam{std::vector{engine::IpamConfig{input.subnet, input.gateway}}};
        if (body.Labels.contains("talome.managed")) throw Invalid("labels", "talome.managed is Talome's own");
        const auto answer = change([&] {
            return services_.client.get<engine::ContainerId>({.method = "POST",
                                                              .path = {"networks", "create"},
                                                              .limit = std::chrono::seconds(30),
                                                              .body = toJson(body)});
        });
        return {true, answer.Id.substr(0, 12)};
    }

    void remove(const NetworkRef& input) {
        const Network network = readNetwork(services_.client, input.id);
        if (network.predefined) throw Denied("the network " + network.name + " is the engine's own");
        if (network.managed) throw Denied("the network " + network.name + " is Talome's own");
        if (!network.containers.empty()) {
            std::string users;
            for (const NetworkMember& member : network.containers) users += (users.empty() ? "" : ", ") + member.name;
            throw Conflict("the network " + network.name + " is used by: " + users);
        }
        change([&] { return services_.client.send({.method = "DELETE", .path = {"networks", network.id}}); });
    }

    void connect(const ConnectInput& input) {
        ConnectBody body{services_.keeper.resolve(input.container)->id,
                         {input.aliases.value_or(std::vector<std::string>{}), {}}};
        if (input.ipv4) body.EndpointConfig_.IPAMConfig = EndpointIpam{*input.ipv4};
        const Network network = readNetwork(services_.client, input.id);
        change([&] {
            return services_.client.send({.method = "POST",
                                          .path = {"networks", network.id, "connect"},
                                          .limit = std::chrono::seconds(30),
                                          .body = toJson(body)});
        });
    }

    void disconnect(const DisconnectInput& input) {
        const DisconnectBody body{services_.keeper.resolve(input.container)->id};
        const Network network = readNetwork(services_.client, input.id);
        change([&] {
            return services_.client.send({.method = "POST",
                                          .path = {"networks", network.id, "disconnect"},
                                          .limit = std::chrono::seconds(30),
                                          .body = toJson(body)});
        });
    }

private:
    template <class Handler>
    Operation named(Registry& registry, const char* id, const char* summary, Tier tier, Handler handler) {
        return registry.operation(id, summary, admin, tier, this, handler)
            .input("id", "Id, start of an id, or name", pattern(kNetworkPattern))
            .target("network", "id");
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> networkChanges(Registry& registry, Services& services) {
    return std::make_unique<NetworkChanges>(registry, services);
}

} // namespace talome::docker

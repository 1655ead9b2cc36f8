// POST /api/containers: makes a container from an image that is here, and starts it unless told otherwise. What reaches
// out of it (create_policy.hpp) is granted by name in the same request, and so stands in the audit log.
#include "creation/container_maker.hpp"
#include "images/image_reference.hpp"
#include "services.hpp"

#include <cmath>

namespace talome::docker {

namespace {

constexpr std::int64_t kMiB = 1024 * 1024;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr auto kLimit = std::chrono::minutes(2);

struct PortInput {
    int container = 0;
    int host = 0;
    std::string protocol = "tcp", address;
};
BOOST_DESCRIBE_STRUCT(PortInput, (), (container, host, protocol, address))
struct MountInput {
    std::string type = "volume", source, target;
    bool readOnly = false;
};
BOOST_DESCRIBE_STRUCT(MountInput, (), (type, source, target, readOnly))
struct NetworkInput {
    std::string name;
    std::optional<std::vector<std::string>> aliases;
    std::optional<std::string> ipv4;
};
BOOST_DESCRIBE_STRUCT(NetworkInput, (), (name, aliases, ipv4))
struct HealthcheckInput {
    std::vector<std::string> test;
    int intervalSeconds = 0, timeoutSeconds = 0, startPeriodSeconds = 0, retries = 0;
};
BOOST_DESCRIBE_STRUCT(HealthcheckInput, (), (test, intervalSeconds, timeoutSeconds, startPeriodSeconds, retries))
struct DeviceInput {
    std::string host, container, permissions = "rwm";
};
BOOST_DESCRIBE_STRUCT(DeviceInput, (), (host, container, permissions))

using Texts = std::optional<std::vector<std::string>>;
using Map = std::optional<std::map<std::string, std::string>>;

struct CreateInput {
    std::string image;
    std::optional<std::string> name;
    Texts command, entrypoint;
    Map env, labels;
    std::optional<std::vector<PortInput>> ports;
    std::optional<std::vector<MountInput>> mounts;
    std::optional<std::vector<NetworkInput>> networks;
    std::optional<std::string> networkMode, pidMode, ipcMode, usernsMode;
    std::string restartPolicy = "no";
    int maximumRetryCount = 0;
    std::optional<double> cpus;
    std::optional<std::int64_t> memoryMb, shmMb, pidsLimit;
    std::optional<std::string> user, workdir, hostname, stopSignal;
    std::optional<int> stopTimeout;
    std::optional<HealthcheckInput> healthcheck;
    bool init = false, tty = false, readOnly = false, privileged = false;
    Texts capAdd, capDrop, securityOpt, extraHosts, dns;
    std::optional<std::vector<DeviceInput>> devices;
    Map sysctls;
    std::optional<std::vector<Grant>> grants;
    bool start = true;
};
BOOST_DESCRIBE_STRUCT(CreateInput, (),
                      (image, name, command, entrypoint, env, labels, ports, mounts, networks, networkMode, pidMode,
                       ipcMode, usernsMode, restartPolicy, maximumRetryCount, cpus, memoryMb, shmMb, pidsLimit, user,
                       workdir, hostname, stopSignal, stopTimeout, healthcheck, init, tty, readOnly, privileged, capAdd,
                       capDrop, securityOpt, extraHosts, dns, devices, sysctls, grants, start))

struct Made {
    bool ok = true;
    std::string id; // 12 digits
};
BOOST_DESCRIBE_STRUCT(Made, (), (ok, id))

template <class T> T orNone(const std::optional<T>& value) { return value.value_or(T{}); }

std::vector<std::string> environment(const Map& env) {
    std::vector<std::string> lines;
    for (const auto& [name, value] : orNone(env)) {
        if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos || value.find('\0') != std::string::npos)
            throw Invalid("env", "a name is empty, or holds = or a zero byte, or a value holds one");
        lines.push_back(name + "=" + value);
    }
    return lines;
}

void addPorts(engine::CreateBody& body, const CreateInput& input) {
    for (const PortInput& port : orNone(input.ports)) {
        const std::string key = std::to_string(port.container) + "/" + port.protocol;
        body.ExposedPorts[key] = {};
        body.HostConfig.PortBindings[key].push_back({port.address, port.host ? std::to_string(port.host) : std::string()});
    }
}

void addHost(engine::NewHostConfig& host, const CreateInput& input) {
    host.NetworkMode = input.networkMode.value_or(input.networks && !input.networks->empty() ? input.networks->front().name : "default");
    host.PidMode = input.pidMode.value_or("");
    host.IpcMode = input.ipcMode.value_or("");
    host.UsernsMode = input.usernsMode.value_or("");
    host.Privileged = input.privileged;
    host.ReadonlyRootfs = input.readOnly;
    if (input.init) host.Init = true;
    host.CapAdd = orNone(input.capAdd);
    host.CapDrop = orNone(input.capDrop);
    host.SecurityOpt = orNone(input.securityOpt);
    host.ExtraHosts = orNone(input.extraHosts);
    host.Dns = orNone(input.dns);
    host.Sysctls = orNone(input.sysctls);
    for (const DeviceInput& device : orNone(input.devices))
        host.Devices.push_back({device.host, device.container.empty() ? device.host : device.container, device.permissions});
    for (const MountInput& mount : orNone(input.mounts)) host.Mounts.push_back({mount.type, mount.source, mount.target, mount.readOnly});
    host.RestartPolicy = {input.restartPolicy, input.maximumRetryCount};
    if (input.cpus) host.NanoCpus = std::llround(*input.cpus * 1e9);
    if (input.memoryMb) host.Memory = *input.memoryMb * kMiB;
    if (input.shmMb) host.ShmSize = *input.shmMb * kMiB;
    host.PidsLimit = input.pidsLimit;
}

engine::NewEndpoint endpointOf(const NetworkInput& network) {
    engine::NewEndpoint endpoint{orNone(network.aliases), {}};
    if (network.ipv4) endpoint.IPAMConfig = engine::NewIpam{network.ipv4};
    return endpoint;
}

engine::CreateBody bodyOf(const CreateInput& input) {
    if (input.maximumRetryCount != 0 && input.restartPolicy != "on-failure")
        throw Invalid("maximumRetryCount", "only the policy on-failure counts retries");
    engine::CreateBody body;
    body.Image = input.image;
    body.Hostname = input.hostname;
    body.User = input.user;
    body.WorkingDir = input.workdir;
    body.StopSignal = input.stopSignal;
    body.StopTimeout = input.stopTimeout;
    body.Entrypoint = input.entrypoint;
    body.Cmd = input.command;
    body.Env = environment(input.env);
    body.Labels = orNone(input.labels);
    body.Tty = input.tty;
    if (const auto& check = input.healthcheck)
        body.Healthcheck = engine::NewHealthcheck{check->test, check->intervalSeconds * kSecond, check->timeoutSeconds * kSecond,
                                                  check->startPeriodSeconds * kSecond, check->retries};
    addPorts(body, input);
    addHost(body.HostConfig, input);
    if (input.networks && !input.networks->empty())
        body.NetworkingConfig.EndpointsConfig[input.networks->front().name] = endpointOf(input.networks->front());
    return body;
}

struct ConnectBody {
    std::string Container;
    engine::NewEndpoint EndpointConfig;
};
BOOST_DESCRIBE_STRUCT(ConnectBody, (), (Container, EndpointConfig))

class ContainerCreate : public Group {
public:
    ContainerCreate(Registry& registry, Services& services) : services_(services) {
        auto create = registry.operation("containers.create", "Makes a container from an image that is here, and starts it", admin,
                                         Tier::destructive, this, &ContainerCreate::create);
        create.route("POST", "/api/containers", 201)
            .input("image", "[registry/]path[:tag][@digest], or an id", pattern(kImagePattern))
            .input("name", "Its name; left out: the engine makes one up", pattern("^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$"))
            .input("command", "What it runs; left out: as its image says", items(1, 1000))
            .input("entrypoint", "What runs the command", items(1, 1000))
            .input("env", "Variables of its environment", secret())
            .input("labels", "What is said of it")
            .input("ports", "What it publishes", items(0, 1000))
            .input("ports[].container", "The port in the container", range(1, 65535))
            .input("ports[].host", "The port of the machine; 0: any that is free", range(0, 65535), 0)
            .input("ports[].protocol", "tcp, udp or sctp", oneOf({"tcp", "udp", "sctp"}), std::string("tcp"))
            .input("ports[].address", "Of the machine; empty: all", pattern("^[0-9a-fA-F.:]{0,45}$"), std::string())
            .input("mounts", "What it sees of the machine", items(0, 200))
            .input("mounts[].type", "bind, volume or tmpfs", oneOf({"bind", "volume", "tmpfs"}), std::string("volume"))
            .input("mounts[].source", "A folder of the machine, or the name of a volume", length(0, 4096), std::string())
            .input("mounts[].target", "Where in the container", length(1, 4096), pattern("^/"))
            .input("mounts[].readOnly", "It cannot be written", false)
            .input("networks", "Those that it is connected to", items(1, 20))
            .input("networkMode", "host, none, bridge, container:ID; left out: the first of its networks", length(1, 200))
            .input("restartPolicy", "When the engine starts it again", oneOf({"no", "always", "unless-stopped", "on-failure"}), std::string("no"))
            .input("maximumRetryCount", "With on-failure: how often", range(0, 1000), 0)
            .input("cpus", "Processors that it may use up", range(0.01, 1024.0))
            .input("memoryMb", "MiB of memory that it may use", range(6, 16 << 20))
            .input("shmMb", "MiB of /dev/shm", range(1, 1 << 20))
            .input("pidsLimit", "Processes that it may have", range(1, 4'194'304))
            .input("healthcheck.intervalSeconds", "0: the engine's own", range(0, 86'400), 0)
            .input("healthcheck.timeoutSeconds", "0: the engine's own", range(0, 86'400), 0)
            .input("healthcheck.startPeriodSeconds", "0: none", range(0, 86'400), 0)
            .input("healthcheck.retries", "0: the engine's own", range(0, 1000), 0)
            .input("devices[].host", "Of the machine", length(1, 4096), pattern("^/"))
            .input("devices[].container", "In the container; empty: the same", length(0, 4096), std::string())
            .input("devices[].permissions", "Of r, w and m", pattern("^[rwm]{1,3}$"), std::string("rwm"))
            .input("init", "With a first process that ends what is left over", false)
            .input("tty", "With a terminal", false)
            .input("readOnly", "Its own file system cannot be written", false)
            .input("privileged", "Without any limit; needs the grant", false)
            .input("stopTimeout", "Seconds from the request to end to the kill", range(0, 600))
            .input("grants", "What of it may reach out of the container", items(0, 12))
            .input("start", "It is started at once", true)
            .timeLimit(kLimit);
    }

    Made create(const CreateInput& input) {
        services_.cache.trueSnapshot();
        const auto granted = orNone(input.grants);
        const engine::CreateBody body = bodyOf(input);
        std::string id;
        try {
            id = makeContainer(services_.client, body, {granted.begin(), granted.end()}, input.name.value_or(""));
            finish(id, input);
        } catch (const EngineRefusal& refusal) {
            remove(id);
            throw Conflict("the container is not made: " + refusal.words);
        } catch (const Error&) {
            remove(id);
            throw;
        }
        services_.keeper.lookAt(id);
        return {true, id.substr(0, 12)};
    }

private:
    // The engine takes one network at the making (API before 1.44).
    void finish(const std::string& id, const CreateInput& input) {
        const auto networks = orNone(input.networks);
        for (std::size_t i = 1; i < networks.size(); ++i)
            services_.client.send({.method = "POST",
                                   .path = {"networks", networks[i].name, "connect"},
                                   .limit = std::chrono::seconds(20),
                                   .body = toJson(ConnectBody{id, endpointOf(networks[i])})});
        if (input.start) services_.client.send({.method = "POST", .path = {"containers", id, "start"}, .limit = std::chrono::seconds(60)});
    }

    // What could not be finished leaves nothing behind.
    void remove(const std::string& id) {
        if (id.empty()) return;
        try {
            services_.client.send({.method = "DELETE", .path = {"containers", id}, .query = {{"force", "1"}, {"v", "1"}}, .limit = std::chrono::seconds(20)});
        } catch (const Error& error) {
            services_.host.warn("container " + id.substr(0, 12) + ", which was not finished, is left: " + error.what());
        }
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> containerCreate(Registry& registry, Services& services) {
    return std::make_unique<ContainerCreate>(registry, services);
}

} // namespace talome::docker

// GET /api/system/stats, /gpu, /sensors, /network, /info: what the server does and is at this moment.
#include "services.hpp"

#include "live/timestamp.hpp"

#include <sys/stat.h>

#include <cstdlib>

namespace talome::system {

namespace {

struct Gpus {
    std::vector<Gpu> gpus;
};
BOOST_DESCRIBE_STRUCT(Gpus, (), (gpus))

struct StatsWithSocket : Stats {
    std::optional<std::string> dockerSocket; ///< null: there is none at the usual place
};
BOOST_DESCRIBE_STRUCT(StatsWithSocket, (Stats), (dockerSocket))

struct Sensor {
    std::string chip, label;
    double celsius = 0;
    std::optional<double> criticalC;
};
BOOST_DESCRIBE_STRUCT(Sensor, (), (chip, label, celsius, criticalC))

struct Sensors {
    std::vector<Sensor> temperatures;
};
BOOST_DESCRIBE_STRUCT(Sensors, (), (temperatures))

struct Interface {
    std::string name;
    bool counted = false; ///< in the sums of the whole server
    std::optional<std::string> state, address;
    std::optional<std::int64_t> speedMbps;
    std::uint64_t rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0;
    std::uint64_t txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0;
};
BOOST_DESCRIBE_STRUCT(Interface, (),
                      (name, counted, state, address, speedMbps, rxBytes, rxPackets, rxErrors, rxDropped, txBytes,
                       txPackets, txErrors, txDropped))

struct Network {
    std::vector<Interface> interfaces;
};
BOOST_DESCRIBE_STRUCT(Network, (), (interfaces))

struct Info {
    std::string hostname, os, kernel, arch, cpuModel;
    unsigned cores = 0;
    std::string board;
    std::optional<std::string> bootedAt;
    std::string time;
};
BOOST_DESCRIBE_STRUCT(Info, (), (hostname, os, kernel, arch, cpuModel, cores, board, bootedAt, time))

class StatsGroup : public Group {
public:
    StatsGroup(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("system.stats", "CPU, memory, disks, network and GPUs at this moment", kDashboard, Tier::read,
                       this, &StatsGroup::get)
            .route("GET", "/api/system/stats")
            .tool("get_system_stats", "CPU, memory, disk and network use of the server now");
        registry
            .operation("system.overview", "The same, and where the Docker engine's socket is", kDashboard, Tier::read,
                       this, &StatsGroup::overview)
            .route("GET", "/api/system");
        registry
            .operation("system.gpu", "Graphics processors and how busy they are; none is an empty list", kDashboard,
                       Tier::read, this, &StatsGroup::gpu)
            .route("GET", "/api/system/gpu")
            .tool("get_gpu_status", "NVIDIA, AMD and Intel GPUs: utilisation, memory, temperature");
        registry
            .operation("system.gpuList", "The same as a bare list", kDashboard, Tier::read, this, &StatsGroup::gpuList)
            .route("GET", "/api/storage/gpu");
        registry
            .operation("system.sensors", "Temperatures, as the sensors name them", kSystem, Tier::read, this,
                       &StatsGroup::sensors)
            .route("GET", "/api/system/sensors");
        registry
            .operation("system.network", "Every network interface with its counters since it came up", kSystem,
                       Tier::read, this, &StatsGroup::network)
            .route("GET", "/api/system/network");
        registry
            .operation("system.info", "Operating system, kernel, processor, board and start of the machine", kSystem,
                       Tier::read, this, &StatsGroup::info)
            .route("GET", "/api/system/info");
    }

private:
    Stats get() { return services_.sampler.look()->stats; }

    StatsWithSocket overview() {
        StatsWithSocket answer{services_.sampler.look()->stats, {}};
        const char* const named = std::getenv("DOCKER_SOCKET");
        const std::string path = named && *named ? named : "/var/run/docker.sock";
        struct stat found {};
        if (::stat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) answer.dockerSocket = path;
        return answer;
    }

    Gpus gpu() { return {services_.sampler.gpus().read()}; }
    std::vector<Gpu> gpuList() { return services_.sampler.gpus().read(); }

    Sensors sensors() {
        Sensors answer;
        for (const Temperature& each : services_.sampler.temperatures())
            answer.temperatures.push_back({each.chip, each.label, rounded(each.celsius), each.critical});
        return answer;
    }

    Network network() {
        Network answer;
        const SamplePtr sample = services_.sampler.look();
        const auto counted = services_.sampler.countedInterfaces(*sample->counters);
        for (const auto& [name, c] : sample->counters->interfaces) {
            const std::string folder = services_.sampler.source().sys + "/class/net/" + name;
            Interface one{name, counted.contains(name), readLine(folder + "/operstate"), readLine(folder + "/address"),
                          readInteger(folder + "/speed"), c.rxBytes, c.rxPackets, c.rxErrors, c.rxDropped, c.txBytes,
                          c.txPackets, c.txErrors, c.txDropped};
            if (one.speedMbps && *one.speedMbps <= 0) one.speedMbps.reset(); // not known
            answer.interfaces.push_back(std::move(one));
        }
        return answer;
    }

    Info info() {
        const Machine& machine = services_.sampler.machine();
        Info answer{machine.hostname, machine.os, machine.kernel, machine.arch, machine.cpuModel, machine.cores,
                    machine.board, {}, timestamp(services_.host.nowMs())};
        if (machine.bootedAtMs) answer.bootedAt = timestamp(machine.bootedAtMs);
        return answer;
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> stats(Registry& registry, Services& services) {
    return std::make_unique<StatsGroup>(registry, services);
}

} // namespace talome::system

// Containers as the REST API shows them.
#pragma once

#include "containers/container_labels.hpp"

#include <talome/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace talome::docker {

enum class ContainerStatus { running, exited, paused, restarting, created, stopped };
BOOST_DESCRIBE_ENUM(ContainerStatus, running, exited, paused, restarting, created, stopped)

// A published port: `container` is reachable at `host`.
struct Port {
    int host = 0;
    int container = 0;
    std::string protocol;
    friend auto operator<=>(const Port&, const Port&) = default;
};
BOOST_DESCRIBE_STRUCT(Port, (), (host, container, protocol))

struct ContainerStats {
    double cpuPercent = 0; // of one core, so up to 100 for each core; one decimal
    std::int64_t memoryUsageMb = 0, memoryLimitMb = 0;
    std::uint64_t networkRxBytes = 0, networkTxBytes = 0;
    std::uint64_t blockReadBytes = 0, blockWriteBytes = 0;
    std::uint64_t pids = 0;
};
BOOST_DESCRIBE_STRUCT(ContainerStats, (),
                      (cpuPercent, memoryUsageMb, memoryLimitMb, networkRxBytes, networkTxBytes, blockReadBytes,
                       blockWriteBytes, pids))

struct Container {
    std::string id; // 12 hexadecimal digits
    std::string name;
    std::string image;
    ContainerStatus status = ContainerStatus::stopped;
    std::vector<Port> ports;
    std::string created;
    std::map<std::string, std::string> labels;
    std::optional<ComposeLabels> compose;
    std::optional<HomepageLabels> homepage;
    std::optional<WatchtowerLabels> watchtower;
    std::optional<OpenAddress> open; // where its pages are
    std::optional<ContainerStats> stats;
};
BOOST_DESCRIBE_STRUCT(Container, (),
                      (id, name, image, status, ports, created, labels, compose, homepage, watchtower, open, stats))

struct ContainerMount {
    std::string type;
    std::optional<std::string> name; // of a volume
    std::string source, destination;
    bool readOnly = false;
};
BOOST_DESCRIBE_STRUCT(ContainerMount, (), (type, name, source, destination, readOnly))

struct ContainerNetwork {
    std::string name, id, ipAddress;
    std::vector<std::string> aliases;
};
BOOST_DESCRIBE_STRUCT(ContainerNetwork, (), (name, id, ipAddress, aliases))

struct ContainerDetail : Container {
    std::string state; // the engine's own word
    std::optional<std::string> startedAt, finishedAt;
    std::optional<int> exitCode; // once it has ended
    std::optional<std::string> health;
    int restartCount = 0;
    std::string restartPolicy;
    std::vector<ContainerNetwork> networks;
    std::vector<ContainerMount> mounts;
    std::vector<std::string> env; // names only: values hold secrets
    std::vector<std::string> command;
    std::optional<std::string> appId; // the compose project that it belongs to
};
BOOST_DESCRIBE_STRUCT(ContainerDetail, (Container),
                      (state, startedAt, finishedAt, exitCode, health, restartCount, restartPolicy, networks, mounts,
                       env, command, appId))

// What names a container in a request.
inline constexpr const char* kContainerPattern = "^(?![0-9a-f]{65,}$)[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$";

struct ContainerRef {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(ContainerRef, (), (id))

} // namespace talome::docker

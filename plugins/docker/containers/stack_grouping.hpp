// Containers gathered to stacks: by their compose project; each other one is a stack by itself. Pure.
#pragma once

#include "containers/container_types.hpp"

#include <functional>

namespace talome::docker {

enum class StackKind { talome, compose, standalone };
BOOST_DESCRIBE_ENUM(StackKind, talome, compose, standalone)
enum class StackStatus { running, partial, stopped };
BOOST_DESCRIBE_ENUM(StackStatus, running, partial, stopped)

// image, ports, created and labels are the primary container's.
struct Stack {
    std::string id, name;
    StackKind kind = StackKind::standalone;
    StackStatus status = StackStatus::stopped;
    std::string image;
    std::vector<Port> ports;
    std::string created;
    std::map<std::string, std::string> labels;
    std::optional<std::string> icon, iconUrl, category, appId;
    std::optional<OpenAddress> open;
    Container primaryContainer; // the first that runs and publishes a TCP port, else that runs, else the first
    std::vector<Container> containers; // by name
    double cpuPercent = 0;
    std::int64_t memoryUsageMb = 0;
    int runningCount = 0, totalCount = 0;
};
BOOST_DESCRIBE_STRUCT(Stack, (),
                      (id, name, kind, status, image, ports, created, labels, icon, iconUrl, category, appId, open,
                       primaryContainer, containers, cpuPercent, memoryUsageMb, runningCount, totalCount))

// Sorted by status (running, partial, stopped), then by name. Talome's own household (talome.role: proxy, dns, mdns,
// tailscale, exec-ender) is left out.
std::vector<Stack> gatherStacks(std::vector<Container>);

} // namespace talome::docker

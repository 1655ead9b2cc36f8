// The one rule for every container that Talome makes, judged on what the engine is finally given, whichever door the
// wish came through: what reaches out of the container must have been granted by name. Pure.
#pragma once

#include "creation/create_body.hpp"

#include <set>
#include <string>
#include <vector>

namespace talome::docker {

enum class Grant {
    privileged,          // everything
    hostNetwork,         // NetworkMode host
    hostProcesses,       // PidMode host
    hostMemory,          // IpcMode host
    hostUsers,           // UsernsMode host: its root is the machine's
    containerNamespaces, // NetworkMode, PidMode or IpcMode container:…
    capabilities,        // beyond those that an engine gives by itself
    devices,             // of the machine
    engineSocket,        // whoever has it is root on the machine
    systemPaths,         // of the machine: /etc, /usr, /proc, what lies above them, Talome's own
    unconfined,          // without seccomp, AppArmor or SELinux, or with new privileges for its processes
    sysctls              // other than the namespaced ones of its own network and memory
};
BOOST_DESCRIBE_ENUM(Grant, privileged, hostNetwork, hostProcesses, hostMemory, hostUsers, containerNamespaces, capabilities,
                    devices, engineSocket, systemPaths, unconfined, sysctls)

struct Breach {
    Grant grant = Grant::privileged;
    std::string what; // "HostConfig.Mounts[0] is /etc"
};

struct Machine {
    std::vector<std::string> engineSockets; // besides the usual names
    std::vector<std::string> ownFolders;    // Talome's state
};

// All of them, whatever is granted.
std::vector<Breach> breaches(const engine::CreateBody&, const Machine&);

// Throws Denied naming each that is not granted; Invalid for a path that is none: not absolute, or with "..".
void requireGranted(const engine::CreateBody&, const std::set<Grant>&, const Machine&);

} // namespace talome::docker

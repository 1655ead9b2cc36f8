// What the engine is given to make a container: POST /containers/create (API 1.41), the members that are used.
#pragma once

#include <talome/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace talome::docker::engine {

struct Empty {};
BOOST_DESCRIBE_STRUCT(Empty, (), ())

struct NewMount {
    std::string Type, Source, Target; // bind, volume, tmpfs
    bool ReadOnly = false;
};
BOOST_DESCRIBE_STRUCT(NewMount, (), (Type, Source, Target, ReadOnly))
struct NewDevice {
    std::string PathOnHost, PathInContainer, CgroupPermissions;
};
BOOST_DESCRIBE_STRUCT(NewDevice, (), (PathOnHost, PathInContainer, CgroupPermissions))
struct PortBinding {
    std::string HostIp, HostPort;
};
BOOST_DESCRIBE_STRUCT(PortBinding, (), (HostIp, HostPort))
struct NewRestartPolicy {
    std::string Name;
    int MaximumRetryCount = 0;
};
BOOST_DESCRIBE_STRUCT(NewRestartPolicy, (), (Name, MaximumRetryCount))

struct NewHostConfig {
    std::string NetworkMode = "default", PidMode, IpcMode, UsernsMode;
    bool Privileged = false, ReadonlyRootfs = false;
    std::optional<bool> Init;
    std::vector<std::string> CapAdd, CapDrop, SecurityOpt, ExtraHosts, Dns;
    std::vector<NewDevice> Devices;
    std::vector<NewMount> Mounts;
    std::map<std::string, std::vector<PortBinding>> PortBindings; // by "80/tcp"
    NewRestartPolicy RestartPolicy;
    std::optional<std::int64_t> NanoCpus, Memory, PidsLimit, ShmSize;
    std::map<std::string, std::string> Sysctls;
};
BOOST_DESCRIBE_STRUCT(NewHostConfig, (),
                      (NetworkMode, PidMode, IpcMode, UsernsMode, Privileged, ReadonlyRootfs, Init, CapAdd, CapDrop,
                       SecurityOpt, ExtraHosts, Dns, Devices, Mounts, PortBindings, RestartPolicy, NanoCpus, Memory,
                       PidsLimit, ShmSize, Sysctls))

struct NewHealthcheck {
    std::vector<std::string> Test;
    std::int64_t Interval = 0, Timeout = 0, StartPeriod = 0; // ns; 0: the engine's own
    int Retries = 0;
};
BOOST_DESCRIBE_STRUCT(NewHealthcheck, (), (Test, Interval, Timeout, StartPeriod, Retries))

struct NewIpam {
    std::optional<std::string> IPv4Address;
};
BOOST_DESCRIBE_STRUCT(NewIpam, (), (IPv4Address))
struct NewEndpoint {
    std::vector<std::string> Aliases;
    std::optional<NewIpam> IPAMConfig;
};
BOOST_DESCRIBE_STRUCT(NewEndpoint, (), (Aliases, IPAMConfig))
struct NewNetworking {
    std::map<std::string, NewEndpoint> EndpointsConfig;
};
BOOST_DESCRIBE_STRUCT(NewNetworking, (), (EndpointsConfig))

struct CreateBody {
    std::string Image;
    std::optional<std::string> Hostname, User, WorkingDir, StopSignal;
    std::optional<int> StopTimeout; // s
    std::optional<std::vector<std::string>> Entrypoint, Cmd;
    std::vector<std::string> Env;
    std::map<std::string, std::string> Labels;
    std::map<std::string, Empty> ExposedPorts; // "80/tcp"
    bool Tty = false, OpenStdin = false;
    std::optional<NewHealthcheck> Healthcheck;
    NewHostConfig HostConfig;
    NewNetworking NetworkingConfig;
};
BOOST_DESCRIBE_STRUCT(CreateBody, (),
                      (Image, Hostname, User, WorkingDir, StopSignal, StopTimeout, Entrypoint, Cmd, Env, Labels,
                       ExposedPorts, Tty, OpenStdin, Healthcheck, HostConfig, NetworkingConfig))

} // namespace talome::docker::engine

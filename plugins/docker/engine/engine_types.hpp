// What the Engine API answers, with its own names (API 1.41): only the members that are used. The engine writes null
// for an empty list or map.
#pragma once

#include <talome/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace talome::docker::engine {

template <class T> using List = std::optional<std::vector<T>>;
using Labels = std::optional<std::map<std::string, std::string>>;

// GET /containers/json
struct ListedPort {
    std::optional<std::string> IP;
    int PrivatePort = 0;
    std::optional<int> PublicPort;
    std::string Type;
};
struct ListedHostConfig {
    std::optional<std::string> NetworkMode;
};
struct ListedContainer {
    std::string Id;
    List<std::string> Names;
    std::string Image;
    std::int64_t Created = 0;
    List<ListedPort> Ports;
    Labels Labels_;
    std::string State;
    std::optional<ListedHostConfig> HostConfig;
};
BOOST_DESCRIBE_STRUCT(ListedPort, (), (IP, PrivatePort, PublicPort, Type))
BOOST_DESCRIBE_STRUCT(ListedHostConfig, (), (NetworkMode))
BOOST_DESCRIBE_STRUCT(ListedContainer, (), (Id, Names, Image, Created, Ports, Labels_, State, HostConfig))

// GET /containers/ID/json
struct ContainerId {
    std::string Id;
};
BOOST_DESCRIBE_STRUCT(ContainerId, (), (Id))
struct Health {
    std::string Status;
};
struct State {
    std::string Status;
    std::int64_t Pid = 0;
    int ExitCode = 0;
    std::string StartedAt, FinishedAt;
    std::optional<Health> Health_;
};
struct FailedState {
    std::int64_t Pid = 0;
    int ExitCode = 0;
    std::string Error, FinishedAt; // Error: why it could not start
};
struct StopConfig {
    std::optional<std::string> StopSignal; // "SIGWINCH", "28"; left out: SIGTERM
};
struct InspectedState { // as much as the cache needs
    std::string Name;
    State State_;
    StopConfig Config_;
};
struct Config {
    bool Tty = false;
    List<std::string> Env, Cmd, Entrypoint;
};
struct RestartPolicy {
    std::string Name;
    std::optional<int> MaximumRetryCount;
};
struct HostConfig {
    std::optional<RestartPolicy> RestartPolicy_;
};
struct Mount {
    std::string Type;
    std::optional<std::string> Name;
    std::string Source, Destination;
    bool RW = false;
};
struct Endpoint {
    std::string NetworkID, IPAddress;
    List<std::string> Aliases;
};
struct NetworkSettings {
    std::optional<std::map<std::string, Endpoint>> Networks;
};
struct InspectedContainer {
    std::string Id;
    State State_;
    int RestartCount = 0;
    std::string Path;
    List<std::string> Args;
    Config Config_;
    HostConfig HostConfig_;
    List<Mount> Mounts;
    NetworkSettings NetworkSettings_;
};
BOOST_DESCRIBE_STRUCT(Health, (), (Status))
BOOST_DESCRIBE_STRUCT(State, (), (Status, Pid, ExitCode, StartedAt, FinishedAt, Health_))
BOOST_DESCRIBE_STRUCT(FailedState, (), (Pid, ExitCode, Error, FinishedAt))
BOOST_DESCRIBE_STRUCT(StopConfig, (), (StopSignal))
BOOST_DESCRIBE_STRUCT(InspectedState, (), (Name, State_, Config_))
BOOST_DESCRIBE_STRUCT(Config, (), (Tty, Env, Cmd, Entrypoint))
BOOST_DESCRIBE_STRUCT(RestartPolicy, (), (Name, MaximumRetryCount))
BOOST_DESCRIBE_STRUCT(HostConfig, (), (RestartPolicy_))
BOOST_DESCRIBE_STRUCT(Mount, (), (Type, Name, Source, Destination, RW))
BOOST_DESCRIBE_STRUCT(Endpoint, (), (NetworkID, IPAddress, Aliases))
BOOST_DESCRIBE_STRUCT(NetworkSettings, (), (Networks))
BOOST_DESCRIBE_STRUCT(InspectedContainer, (),
                      (Id, State_, RestartCount, Path, Args, Config_, HostConfig_, Mounts, NetworkSettings_))

// GET /events
struct Actor {
    std::string ID;
    Labels Attributes;
};
struct Event {
    std::optional<std::string> Type;
    std::string Action;
    Actor Actor_;
    std::int64_t timeNano = 0;
};
BOOST_DESCRIBE_STRUCT(Actor, (), (ID, Attributes))
BOOST_DESCRIBE_STRUCT(Event, (), (Type, Action, Actor_, timeNano))

} // namespace talome::docker::engine

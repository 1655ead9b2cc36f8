// One plugin as the manager knows it: its file, its state, and its generations.
#pragma once

#include "host/crash/history.hpp"
#include "host/plugins/generation.hpp"
#include "host/plugins/resource_use.hpp"
#include "host/plugins/task_state.hpp"

#include <boost/describe.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace talome::plugins {

enum class State {
    disabled,    ///< not wanted
    waiting,     ///< for an operation that it depends on
    starting,    ///< its steps are being taken
    active,      ///< serves
    failed,      ///< one of its own steps failed
    refused,     ///< not loaded: its file or manifest is not acceptable
    quarantined, ///< it has crashed the server twice
    gone         ///< its file has been removed
};
BOOST_DESCRIBE_ENUM(State, disabled, waiting, starting, active, failed, refused, quarantined, gone)

/// What `GET /api/plugins` says of one.
struct PluginInfo {
    std::string id, version, summary;
    State state = State::disabled;
    std::optional<std::string> reason, activeSince;
    std::string file;
    std::size_t operations = 0;
    std::vector<std::string> prefixes;
    std::optional<std::string> available; ///< version of the file on disk, if that is not what runs
};
BOOST_DESCRIBE_STRUCT(PluginInfo, (),
                      (id, version, summary, state, reason, activeSince, file, operations, prefixes, available))

/// How far a subscriber of durable topics is with their publisher.
struct DeliveryInfo {
    std::string publisher, subscriber, pattern;
    bool present = false;               ///< the subscriber is active
    std::uint64_t waiting = 0;          ///< events that it has not taken yet
    unsigned failures = 0;              ///< of the next one, one after the other
    std::optional<std::string> failure; ///< why it was not taken the last time
};
BOOST_DESCRIBE_STRUCT(DeliveryInfo, (), (publisher, subscriber, pattern, present, waiting, failures, failure))

struct FetchInfo {
    std::string host; ///< an origin, "unix:" and a path, or "*": those beyond the 64 that are told apart
    std::uint64_t requests = 0, failures = 0, refusals = 0;
    std::uint64_t bytesOut = 0, bytesIn = 0; ///< of bodies, decoded
};
BOOST_DESCRIBE_STRUCT(FetchInfo, (), (host, requests, failures, refusals, bytesOut, bytesIn))

/// What `GET /api/plugins/{id}` says.
struct PluginDetail : PluginInfo {
    bool enabled = false;
    unsigned generation = 0; ///< how many have been made since the server's start
    unsigned draining = 0;   ///< older ones that still have a caller
    std::vector<std::string> dependsOn, waitingFor;
    std::map<std::string, std::string> listeners;
    ResourceUse resources;
    std::vector<TaskInfo> tasks;
    std::vector<FetchInfo> fetches;        ///< whom it asks, since the server's start
    std::vector<crash::CrashInfo> crashes; ///< of the server, in its code: the newest first
    std::vector<DeliveryInfo> deliveries;  ///< to it, and what it has published to others
    std::optional<boost::json::value> manifest;
};
BOOST_DESCRIBE_STRUCT(PluginDetail, (PluginInfo),
                      (enabled, generation, draining, dependsOn, waitingFor, listeners, resources, tasks, fetches,
                       crashes, deliveries, manifest))

/// The manager's thread only.
struct Slot {
    std::string id;
    std::filesystem::path file; ///< the .so
    FileMark seen, seenManifest;
    manifest::Manifest manifest;           ///< of the file, as it was seen last
    std::optional<std::string> unreadable; ///< why the file cannot be used
    bool wanted = false;
    State state = State::disabled;
    std::string reason;
    std::vector<std::string> waitingFor;
    std::int64_t activeSince = 0;
    unsigned generations = 0;
    std::shared_ptr<storage::Database> database; ///< while a generation has it
    std::shared_ptr<Budget> budget;              ///< from its first generation on
    std::unique_ptr<Generation> running;
    std::vector<std::unique_ptr<Generation>> leaving; ///< replaced or disabled; somebody is still inside

    /// What the file says now; notes why it cannot be used.
    void read();
};

} // namespace talome::plugins

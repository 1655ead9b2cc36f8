// One plugin as the manager knows it: its file, its state, and its generations.
#pragma once

#include "host/plugins/generation.hpp"

#include <boost/describe.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace talome::plugins {

enum class State {
    disabled, ///< not wanted
    waiting,  ///< for an operation that it depends on
    starting, ///< its steps are being taken
    active,   ///< serves
    failed,   ///< one of its own steps failed
    refused,  ///< not loaded: its file or manifest is not acceptable
    gone      ///< its file has been removed
};
BOOST_DESCRIBE_ENUM(State, disabled, waiting, starting, active, failed, refused, gone)

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

/// What it uses of the server at this moment.
struct ResourceUse {
    std::uint64_t callsRunning = 0, callsRefused = 0, streams = 0, databaseBytes = 0;
};
BOOST_DESCRIBE_STRUCT(ResourceUse, (), (callsRunning, callsRefused, streams, databaseBytes))

/// What `GET /api/plugins/{id}` says.
struct PluginDetail : PluginInfo {
    bool enabled = false;
    unsigned generation = 0; ///< how many have been made since the server's start
    unsigned draining = 0;   ///< older ones that still have a caller
    std::vector<std::string> dependsOn, waitingFor;
    std::map<std::string, std::string> listeners;
    ResourceUse resources;
    std::optional<boost::json::value> manifest;
};
BOOST_DESCRIBE_STRUCT(PluginDetail, (PluginInfo),
                      (enabled, generation, draining, dependsOn, waitingFor, listeners, resources, manifest))

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
    std::unique_ptr<Generation> running;
    std::vector<std::unique_ptr<Generation>> leaving; ///< replaced or disabled; somebody is still inside

    /// What the file says now; notes why it cannot be used.
    void read();
    bool changedOnDisk() const { return seen != FileMark::of(file); }
};

} // namespace talome::plugins

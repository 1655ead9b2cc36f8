// Finds the plugins, decides which run, starts them, and publishes what can be called.
#pragma once

#include "host/plugins/plugin.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace talome::plugins {

/// What `GET /api/plugins` says of one.
struct PluginInfo {
    std::string id, version, summary;
    State state = State::disabled;
    std::optional<std::string> reason, activeSince;
    std::string file;
    std::size_t operations = 0;
    std::vector<std::string> prefixes;
};
BOOST_DESCRIBE_STRUCT(PluginInfo, (), (id, version, summary, state, reason, activeSince, file, operations, prefixes))

/// The lifecycle thread, but for list().
class Manager {
public:
    /// Whether a plugin that has never been seen is wanted; the answer is remembered.
    using WantedAtFirst = std::function<bool(const std::string& id)>;

    Manager(Services, storage::Database& host, std::vector<std::filesystem::path> directories, WantedAtFirst);
    ~Manager();

    /// The host's own operations, which are there before any plugin's and win over them.
    void setHost(const talome_self& self);
    /// Discovers, checks and starts all that is enabled, and publishes the routes. What fails is noted, and the rest
    /// goes on.
    void startAll();
    /// In the opposite order. No call may be under way any more.
    void stopAll();

    std::vector<PluginInfo> list() const; ///< any thread

private:
    void discover();
    bool wanted(const std::string& id);
    void publish();
    void note();

    Services services_;
    storage::Database& database_;
    std::vector<std::filesystem::path> directories_;
    WantedAtFirst wantedAtFirst_;
    std::vector<std::shared_ptr<const gate::Endpoint>> hostEndpoints_;
    gate::Flags hostFlags_;
    std::vector<std::unique_ptr<Plugin>> plugins_;
    mutable std::mutex mutex_;
    std::vector<PluginInfo> list_;
};

} // namespace talome::plugins

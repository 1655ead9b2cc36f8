// One plugin file: read, checked, loaded, and led through its life. What it is at each moment can be shown.
#pragma once

#include "host/crash/mapped.hpp"
#include "host/plugins/self.hpp"

#include <boost/dll/shared_library.hpp>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace talome::plugins {

enum class State {
    disabled,    ///< not wanted
    quarantined, ///< not started: it has crashed the server again and again
    refused,     ///< not loaded: its file or manifest is not acceptable
    failed,      ///< loaded, and one of its own steps failed
    active
};
BOOST_DESCRIBE_ENUM(State, disabled, quarantined, refused, failed, active)

/// Says why a plugin is not there; never stops the server.
struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The lifecycle thread only, but for what the endpoints of endpoints() do.
class Plugin {
public:
    /// `file`: the .so; its manifest lies beside it.
    explicit Plugin(std::filesystem::path file);
    ~Plugin();
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;

    const std::string& id() const { return id_; }
    const std::filesystem::path& file() const { return file_; }
    const manifest::Manifest& manifest() const { return manifest_; }
    State state() const { return state_; }
    const std::string& reason() const { return reason_; }
    std::int64_t activeSince() const { return activeSince_; } ///< milliseconds since the epoch

    /// Reads the manifest, without loading anything. Each of these steps notes a failure and answers false.
    bool check();
    void disable() { state_ = State::disabled; }
    /// Loads, creates, migrates and starts it.
    bool start(const Services&, const std::filesystem::path& databaseDir);
    bool activate();
    /// Its tasks and subscriptions end, then its last calls; then it is stopped, destroyed and unmapped.
    void stop();
    void quarantine(const std::string& why) { note(State::quarantined, why); }
    /// For a step that somebody else took for it, such as publishing its routes.
    void refuse(const std::string& why) { note(State::refused, why); }

    /// What it offers; each keeps its code in memory.
    std::vector<std::shared_ptr<const gate::Endpoint>> endpoints() const;
    talome_self* self() const { return self_.get(); }

private:
    void readManifest();
    void load();
    void compareWithManifest() const;
    void note(State, const std::string& why);
    template <class F> bool step(State ifItFails, F&&);
    void ensure(talome_status, const char* what) const;

    std::filesystem::path file_;
    std::string id_;
    manifest::Manifest manifest_;
    State state_ = State::disabled;
    std::string reason_;
    std::int64_t activeSince_ = 0;

    // In this order, so that the code is unmapped last.
    std::shared_ptr<boost::dll::shared_library> library_;
    std::unique_ptr<crash::Mapped> mapped_;
    std::unique_ptr<talome_self> self_;
    const talome_plugin* functions_ = nullptr;
    void* instance_ = nullptr;
    bool started_ = false;
};

/// An endpoint for each operation that was declared. Throws std::invalid_argument if a schema is not acceptable.
std::vector<std::shared_ptr<const gate::Endpoint>> endpointsOf(const talome_self&, std::shared_ptr<void> alive);

} // namespace talome::plugins

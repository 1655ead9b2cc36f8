// What the groups of operations work with. Each group is one file that declares its operations and holds their
// handlers; plugin.cpp makes them all.
#pragma once

#include "sessions/naming.hpp"
#include "sessions/pty_client.hpp"

#include <talome/plugin.hpp>

#include <memory>

namespace talome::terminal {

/// A person with the flag, or an administrator. What reaches into a shell needs a person who has logged in: no API
/// token is a way to one.
inline constexpr Permission kTerminal = flags("terminal");
inline constexpr Permission kShell = flags("terminal", "interactive");

struct Services {
    explicit Services(const Host& h) : host(h), pty(h), names(h) {}

    const Host host;
    const PtyClient pty;
    Names names;

    /// As the settings are now.
    Limits limits() const {
        Limits now;
        now.sessions = static_cast<std::uint64_t>(host.setting<int>("terminal_max_sessions"));
        now.ofOwner = static_cast<std::uint64_t>(host.setting<int>("terminal_max_sessions_per_user"));
        now.scrollback = static_cast<std::uint64_t>(host.setting<int>("terminal_scrollback_kib")) << 10;
        now.idleSeconds = static_cast<std::uint64_t>(host.setting<int>("terminal_idle_hours")) * 3600;
        return now;
    }
    void requireEnabled() const {
        if (!host.setting<bool>("terminal_enabled")) throw Denied("the terminal is switched off: terminal_enabled");
    }
    /// What every new session has in common.
    Create newSession(const Key& key, const std::string& ownerName, const std::string& name) const {
        Create wanted;
        wanted.key = key;
        wanted.ownerName = ownerName;
        wanted.name = name;
        wanted.displayName = names.find(key).value_or("");
        wanted.limits = limits();
        if (const auto shell = host.setting<std::string>("terminal_shell"); !shell.empty()) wanted.command = {shell};
        wanted.record = host.setting<bool>("terminal_record");
        return wanted;
    }
};

class Group {
public:
    virtual ~Group() = default;
    virtual void quiesce() {} // ends what it has open
};

std::unique_ptr<Group> sessionsList(Registry&, Services&);
std::unique_ptr<Group> sessionCreate(Registry&, Services&);
std::unique_ptr<Group> sessionChanges(Registry&, Services&);
std::unique_ptr<Group> sessionContents(Registry&, Services&);
std::unique_ptr<Group> daemonState(Registry&, Services&);
std::unique_ptr<Group> imageUpload(Registry&, Services&);
std::unique_ptr<Group> terminalSocket(Registry&, Services&);

} // namespace talome::terminal

// GET /api/terminal/health, GET /api/terminal-daemon-port, POST /api/terminal/ensure-daemon, GET
// /api/terminal/project-root.
#include "services.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <pwd.h>
#include <unistd.h>
#include <vector>

namespace talome::terminal {

namespace {

struct HealthAnswer {
    bool ok = true;
    std::int64_t sessions = 0, recoverable = 0;
    std::string bootId;
};
BOOST_DESCRIBE_STRUCT(HealthAnswer, (), (ok, sessions, recoverable, bootId))
struct Port {
    int port = 0;
};
BOOST_DESCRIBE_STRUCT(Port, (), (port))
struct Ensured {
    bool running = false, spawned = false;
};
BOOST_DESCRIBE_STRUCT(Ensured, (), (running, spawned))
struct Root {
    std::string path;
};
BOOST_DESCRIBE_STRUCT(Root, (), (path))

constexpr int kPort = 4001;

class DaemonState : public Group {
public:
    DaemonState(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("terminal.health", "Whether sessions can be had; none of them need run", kTerminal, Tier::read,
                       this, &DaemonState::health)
            .route("GET", "/api/terminal/health");
        registry
            .operation("terminal.port", "The port of the terminal's own WebSocket", kTerminal, Tier::read, this,
                       &DaemonState::port)
            .route("GET", "/api/terminal-daemon-port");
        registry
            .operation("terminal.ensure", "Starts the process that has the shells, if it does not run", kShell,
                       Tier::modify, this, &DaemonState::ensure)
            .route("POST", "/api/terminal/ensure-daemon");
        registry
            .operation("terminal.root", "The folder that shells begin in", kTerminal, Tier::read, this,
                       &DaemonState::root)
            .route("GET", "/api/terminal/project-root");
    }

    HealthAnswer health() {
        const auto now = services_.pty.health(); // throws Unavailable: 503
        if (!now) return {};
        return {true, static_cast<std::int64_t>(now->sessions), static_cast<std::int64_t>(now->recovered), now->bootId};
    }
    Port port() {
        const char* text = std::getenv("TERMINAL_DAEMON_PORT");
        Port answer{kPort};
        if (text && *text) std::from_chars(text, text + std::strlen(text), answer.port);
        return answer;
    }
    Ensured ensure() {
        services_.requireEnabled();
        const bool spawned = services_.pty.ensure();
        return {true, spawned};
    }
    Root root() {
        if (const auto now = services_.pty.health()) return {now->home};
        const auto user = services_.host.setting<std::string>("terminal_run_as");
        passwd entry{};
        passwd* found = nullptr;
        std::vector<char> room(16384);
        if (user.empty())
            ::getpwuid_r(::geteuid(), &entry, room.data(), room.size(), &found);
        else
            ::getpwnam_r(user.c_str(), &entry, room.data(), room.size(), &found);
        return {found ? found->pw_dir : "/"};
    }

private:
    Services& services_;
};

} // namespace

std::unique_ptr<Group> daemonState(Registry& registry, Services& services) {
    return std::make_unique<DaemonState>(registry, services);
}

} // namespace talome::terminal

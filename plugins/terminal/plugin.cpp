// The terminal plugin: what it declares, as a table. The operations are declared by their groups, one file each.
#include "services.hpp"

#include <talome/fetch.hpp>

namespace talome::terminal {

namespace {

using MakeGroup = std::unique_ptr<Group> (*)(Registry&, Services&);
constexpr MakeGroup kGroups[] = {
    sessionsList,    // GET    /api/terminal/sessions
    sessionCreate,   // POST   /api/terminal/sessions
    sessionChanges,  // DELETE /api/terminal/sessions/{id}, PATCH, POST …/resize
    sessionContents, // POST   /api/terminal/sessions/{id}/input, GET …/output, …/recording
    terminalSocket,  // POST   /api/terminal/session, WebSocket /api/terminal/ws
    daemonState,     // GET    /api/terminal/health, /api/terminal-daemon-port …
    imageUpload,     // POST   /api/terminal/upload
};

} // namespace

class Terminal : public Plugin {
public:
    explicit Terminal(Registry& registry) : services_(registry.host()) {
        registry.migration(1, Names::kMigration);
        for (const MakeGroup make : kGroups) groups_.push_back(make(registry, services_));
        registry.flag("terminal", "Shells on the server", false);

        registry.setting("terminal_enabled", "Whether shells can be had at all", true);
        registry.setting("terminal_shell", "The shell of new sessions, an absolute path; empty: the user's own", "")
            .length(0, 300)
            .pattern("^(/.*)?$");
        registry
            .setting("terminal_idle_hours", "A session without a client that does nothing for so long ends; 0: never",
                     4)
            .range(0, 8760);
        registry.setting("terminal_scrollback_kib", "KiB of each session's output that are kept, in memory", 256)
            .range(16, 4096);
        registry.setting("terminal_max_sessions", "Sessions at once", 16).range(1, 64);
        registry.setting("terminal_max_sessions_per_user", "Sessions of one user at once", 4).range(1, 64);
        registry
            .setting("terminal_run_as",
                     "The user whose shells these are, where the plugin starts talome-pty itself and the server runs "
                     "as root; under systemd the "
                     "unit talome-pty.service says it",
                     "")
            .length(0, 64)
            .pattern("^([a-z_][a-z0-9_-]*)?$");
        registry.setting("terminal_record", "Whether each session's output is kept as an asciicast file", false);

        registry.needs(TALOME_IO);
        registry.needs(TALOME_FETCH);
    }

    void quiesce() {
        for (const auto& group : groups_) group->quiesce();
    }

private:
    Services services_;
    std::vector<std::unique_ptr<Group>> groups_;
};

} // namespace talome::terminal

TALOME_PLUGIN(talome::terminal::Terminal, "terminal", "1.0.0",
              "Shells in the browser that survive restarts, and programs in containers.")

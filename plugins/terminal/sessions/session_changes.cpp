// DELETE and PATCH /api/terminal/sessions/{id}, POST …/resize.
#include "services.hpp"

namespace talome::terminal {

namespace {

struct Id {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(Id, (), (id))
struct NewName {
    std::string id, displayName;
};
BOOST_DESCRIBE_STRUCT(NewName, (), (id, displayName))
struct NewSize {
    std::string id;
    int cols = 0, rows = 0;
};
BOOST_DESCRIBE_STRUCT(NewSize, (), (id, cols, rows))
struct Success {
    bool success = true;
};
BOOST_DESCRIBE_STRUCT(Success, (), (success))
// Of the docker plugin.
struct Terminal {
    std::string terminal;
};
BOOST_DESCRIBE_STRUCT(Terminal, (), (terminal))
struct TerminalSize {
    std::string terminal;
    int cols = 0, rows = 0;
};
BOOST_DESCRIBE_STRUCT(TerminalSize, (), (terminal, cols, rows))

class SessionChanges : public Group {
public:
    SessionChanges(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("terminal.end", "Ends a terminal session: SIGHUP to its programs, and SIGKILL after 5 s",
                       kTerminal, Tier::destructive, this, &SessionChanges::end)
            .route("DELETE", "/api/terminal/sessions/{id}")
            .input("id", "Of the session", pattern(kIdPattern))
            .target("session", "id");
        registry
            .operation("terminal.rename", "Gives a session the name that people see, also before it begins", kTerminal,
                       Tier::modify, this, &SessionChanges::rename)
            .route("PATCH", "/api/terminal/sessions/{id}")
            .input("id", "Of the session", pattern(kIdPattern))
            .input("displayName", "Its name", length(1, 100), pattern("^[^\\x00-\\x1f\\x7f]*$"))
            .target("session", "id");
        registry
            .operation("terminal.resize", "Gives a session's terminal another size", kShell, Tier::modify, this,
                       &SessionChanges::resize)
            .route("POST", "/api/terminal/sessions/{id}/resize")
            .input("id", "Of the session", pattern(kIdPattern))
            .input("cols", "Columns", range(2, 500))
            .input("rows", "Rows", range(1, 200))
            .target("session", "id");
        registry.uses("containers.terminalEnd");
    }

    Success end(Call& call, const Id& input) {
        const Key key = keyOf(call, input.id);
        const auto session = services_.pty.find(key);
        if (!session) throw NotFound("there is no session " + input.id);
        if (!session->execId.empty()) {
            try { // in the plugin's name: a session's owner may end it, also who may not begin one any more
                services_.host.callText(nullptr, "containers.terminalEnd", toJson(Terminal{session->execId}));
            } catch (const Error& error) {
                services_.host.warn("what runs in " + session->container + " could not be ended: " + error.what());
            }
        }
        try {
            services_.pty.tell(Kind::kill, Size{key, 0, 0});
        } catch (const NotFound&) { // it has just ended
        }
        services_.names.remove(key);
        return {};
    }

    void rename(Call& call, const NewName& input) {
        const Key key = keyOf(call, input.id);
        const bool runs = services_.pty.find(key).has_value();
        if (!runs && !key.id.starts_with("sess_")) throw NotFound("there is no session " + input.id);
        services_.names.set(key, input.displayName);
        if (runs) services_.pty.tell(Kind::rename, Rename{key, input.displayName});
    }

    void resize(Call& call, const NewSize& input) {
        const Key key = keyOf(call, input.id);
        const auto session = services_.pty.find(key);
        if (!session) throw NotFound("there is no session " + input.id);
        services_.pty.tell(Kind::resizeTo,
                           Size{key, static_cast<std::uint64_t>(input.cols), static_cast<std::uint64_t>(input.rows)});
        if (!session->execId.empty())
            services_.host.callText(nullptr, "containers.terminalResize",
                                    toJson(TerminalSize{session->execId, input.cols, input.rows}));
    }

private:
    Services& services_;
};

} // namespace

std::unique_ptr<Group> sessionChanges(Registry& registry, Services& services) {
    return std::make_unique<SessionChanges>(registry, services);
}

} // namespace talome::terminal

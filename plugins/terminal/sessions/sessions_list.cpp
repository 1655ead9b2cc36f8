// GET /api/terminal/sessions: one's own, and for an administrator those of all.
#include "services.hpp"

#include <array>

namespace talome::terminal {

namespace {

struct SessionRow {
    std::string id, name;
    std::optional<std::string> displayName, owner, container;
    std::int64_t clients = 0, createdAt = 0, lastActivityAt = 0, uptime = 0;
    bool recovered = false, system = false, recording = false;
    std::int64_t cols = 0, rows = 0;
};
BOOST_DESCRIBE_STRUCT(SessionRow, (),
                      (id, name, displayName, owner, container, clients, createdAt, lastActivityAt, uptime, recovered,
                       system, recording, cols, rows))
struct SessionList {
    std::vector<SessionRow> sessions;
};
BOOST_DESCRIBE_STRUCT(SessionList, (), (sessions))

constexpr std::array<std::string_view, 4> kSystem = {"sess_evolution-", "sess_creator-", "sess_setup-",
                                                     "sess_talome-claude"};

std::int64_t number(std::uint64_t n) { return static_cast<std::int64_t>(n); }

class SessionsList : public Group {
public:
    SessionsList(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("terminal.sessions", "Lists terminal sessions: one's own, for an administrator all", kTerminal,
                       Tier::read, this, &SessionsList::list)
            .route("GET", "/api/terminal/sessions")
            .tool("list_terminal_sessions");
    }

    SessionList list(Call& call) {
        const auto me = call.principal().userId;
        const bool all = call.granted("admin");
        SessionList answer;
        for (const auto& session : services_.pty.sessions()) {
            if (session.key.owner != me && !all) continue;
            SessionRow row;
            row.id = shownId(session.key, me);
            row.name = session.name;
            if (!session.displayName.empty()) row.displayName = session.displayName;
            if (session.key.owner != me) row.owner = session.ownerName;
            if (!session.container.empty()) row.container = session.container;
            row.clients = number(session.clients);
            row.createdAt = number(session.createdAt);
            row.lastActivityAt = number(session.lastActivityAt);
            row.uptime = services_.host.nowMs() - row.createdAt;
            row.recovered = session.recovered;
            for (const auto prefix : kSystem) row.system = row.system || session.key.id.starts_with(prefix);
            row.recording = session.recording;
            row.cols = number(session.cols);
            row.rows = number(session.rows);
            answer.sessions.push_back(std::move(row));
        }
        return answer;
    }

private:
    Services& services_;
};

} // namespace

std::unique_ptr<Group> sessionsList(Registry& registry, Services& services) {
    return std::make_unique<SessionsList>(registry, services);
}

} // namespace talome::terminal

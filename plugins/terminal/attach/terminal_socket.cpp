// The WebSocket, at /api/terminal/ws and on the terminal's own port, and POST /api/terminal/session, which gives the
// ticket that opens it.
#include "attach/attachment.hpp"
#include "services.hpp"

#include <boost/json.hpp>
#include <sys/random.h>

#include <map>

namespace talome::terminal {

namespace {

using namespace std::chrono_literals;

constexpr int kTicketSeconds = 60;
constexpr std::uint64_t kMostMessage = (2u << 20) + 4096, kMostQueued = 2u << 20;
constexpr const char* kAuthWords = "the first message must be {\"type\":\"auth\",\"token\":\"…\"}";
constexpr const char* kAgain = "terminal.attachAgain";

struct Ticket {
    std::string token;
    std::int64_t expiresAt = 0;
    std::string bootId;
};
BOOST_DESCRIBE_STRUCT(Ticket, (), (token, expiresAt, bootId))

// Of the host.
struct TicketWanted {
    std::string operation, origin;
    int seconds = 0;
};
BOOST_DESCRIBE_STRUCT(TicketWanted, (), (operation, origin, seconds))
struct TicketMade {
    std::string word;
    std::int64_t expiresAt = 0;
};
BOOST_DESCRIBE_STRUCT(TicketMade, (), (word, expiresAt))
struct TicketShown {
    std::string operation, word;
};
BOOST_DESCRIBE_STRUCT(TicketShown, (), (operation, word))
struct TicketOwner {
    std::string userId;
};
BOOST_DESCRIBE_STRUCT(TicketOwner, (), (userId))

constexpr const char* kConnect = "terminal.connect";

/// For the audit log: what opening and closing a client's connection cannot say by itself.
struct Note {
    std::string event, session, user, address;
    std::int64_t bytesIn = 0, bytesOut = 0, seconds = 0;
};
BOOST_DESCRIBE_STRUCT(Note, (), (event, session, user, address, bytesIn, bytesOut, seconds))

struct TerminalSize {
    std::string terminal;
    int cols = 0, rows = 0;
};
BOOST_DESCRIBE_STRUCT(TerminalSize, (), (terminal, cols, rows))

std::string ephemeralId() {
    unsigned char bytes[8];
    if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes) throw Unavailable("there is no randomness");
    std::string id = "eph_";
    for (const unsigned char byte : bytes) {
        id += "0123456789abcdef"[byte >> 4];
        id += "0123456789abcdef"[byte & 15];
    }
    return id;
}

class TerminalSocket : public Group {
public:
    TerminalSocket(Registry& registry, Services& services) : services_(services) {
        registry
            .raw("terminal.ticket", "A word that opens the terminal's WebSocket, once and within a minute", kShell,
                 Tier::modify, "POST", "/api/terminal/session", this, &TerminalSocket::ticket)
            .maxBody(4096);
        registry.listener("daemon", "The terminal's WebSocket", "127.0.0.1", 4001)
            .variables("TERMINAL_DAEMON_PORT", "TERMINAL_DAEMON_HOST");
        registry
            .websocket(kConnect, "A client of a terminal session; its first message says which", kShell,
                       Tier::destructive, this, &TerminalSocket::opened, &TerminalSocket::message,
                       &TerminalSocket::closed)
            .place("/api/terminal/ws")
            .place("/ws", "daemon")
            .firstMessageAuth()
            .deflate()
            .maxMessage(kMostMessage)
            .maxQueued(kMostQueued)
            .onRoom(this, &TerminalSocket::room);
        registry
            .operation("terminal.note", "Notes in the audit log that a client has come or gone", admin, Tier::modify,
                       this, &TerminalSocket::note)
            .target("session", "session");
        registry.uses("terminal.note");
        registry.uses("tickets.*");
        registry.task(kAgain, "Attaches clients again after talome-pty was replaced", this,
                      &TerminalSocket::attachAgain);
    }

    void quiesce() override {}

    void ticket(Call& call, const Nothing&, Exchange& exchange) {
        services_.requireEnabled();
        const std::string session = sessionWanted(exchange);
        if (!session.empty()) keyOf(call, session);
        services_.pty.ensure();
        const auto health = services_.pty.health();
        const auto made = services_.host.call<TicketMade>(
            &call, "tickets.make", TicketWanted{kConnect, exchange.header("Origin"), kTicketSeconds});
        const Ticket answer{made.word, made.expiresAt, health ? health->bootId : ""};
        if (!session.empty()) services_.names.bindTicket(answer.token, session, answer.expiresAt);
        exchange.begin(200, {{"Content-Type", "application/json; charset=utf-8"}, {"Cache-Control", "no-store"}});
        exchange.write(toJson(answer));
    }

    /// Who has shown a token with the request has still to say, in the first message, what is wanted; anybody else has
    /// said so with it.
    void opened(Call& call, const Nothing&, WebSocket socket, std::string_view first) {
        services_.requireEnabled();
        const Caller who = callerOf(call);
        if (first.empty()) {
            const std::lock_guard lock(mutex_);
            known_.emplace(socket.number(), who);
            return;
        }
        const auto words = readAuth(first);
        try {
            if (!words) throw Denied(kAuthWords);
            open(who, *words, socket);
        } catch (const Error& error) {
            sayWhy(socket, words && words->protocol == 2, error.what());
            if (error.status == TALOME_E_UNAVAILABLE) throw; // it may be tried again
            throw Denied(error.what());
        }
    }
    void message(WebSocket socket, std::string_view text, bool binary) {
        if (const auto client = find(socket)) return client->onMessage(text, binary);
        std::optional<Caller> who;
        {
            const std::lock_guard lock(mutex_);
            if (auto found = known_.extract(socket.number())) who = std::move(found.mapped());
        }
        if (!who) return; // it is being closed
        const auto words = readAuth(text);
        try {
            if (!words || binary) throw Denied(kAuthWords);
            if (!words->token.empty()) requireOwn(*who, words->token);
            open(*who, *words, socket);
        } catch (const Error& error) {
            sayWhy(socket, words && words->protocol == 2, error.what());
            socket.close(error.status == TALOME_E_UNAVAILABLE ? 1013 : 1008,
                         std::string_view(error.what()).substr(0, 120));
        }
    }
    void room(WebSocket socket) {
        if (const auto client = find(socket)) client->onRoom();
    }
    void closed(WebSocket socket, int, std::string_view) {
        std::shared_ptr<Attachment> client;
        {
            const std::lock_guard lock(mutex_);
            known_.erase(socket.number());
            const auto found = clients_.find(socket.number());
            if (found == clients_.end()) return;
            client = std::move(found->second);
            clients_.erase(found);
        }
        client->end();
        tell("close", *client);
    }
    /// Its row is what it is for.
    void note(const Note&) {}

private:
    /// {"sessionId":"…"} or nothing.
    static std::string sessionWanted(Exchange& exchange) {
        std::string body(4097, '\0');
        std::size_t size = 0;
        while (size < body.size()) {
            const auto n = exchange.read({body.data() + size, body.size() - size});
            if (n == 0) break;
            size += n;
        }
        body.resize(size);
        if (body.empty()) return {};
        boost::system::error_code error;
        const auto value = boost::json::parse(body, error);
        const auto* object = error ? nullptr : value.if_object();
        if (!object) throw Invalid("body", "expected a JSON object, or nothing");
        for (const auto& [name, each] : *object)
            if (name != "sessionId" || !each.is_string())
                throw Invalid(std::string(name), name == "sessionId" ? "expected a text" : "is not known");
        return object->empty() ? std::string() : std::string(object->at("sessionId").get_string());
    }

    /// For people: why it is closed right after.
    static void sayWhy(const WebSocket& socket, bool controls, const std::string& why) {
        if (!controls) {
            socket.sendText("\r\n\x1b[31m[" + why + "]\x1b[0m\r\n");
            return;
        }
        std::string message;
        write(message, why);
        socket.sendText(R"({"type":"error","code":"REFUSED","message":)" + message + "}");
    }

    /// That a ticket is the same user's who has shown a token with the request; its page is the server's own then.
    void requireOwn(const Caller& who, const std::string& word) const {
        try {
            const auto owner =
                services_.host.call<TicketOwner>(nullptr, "tickets.use", TicketShown{kConnect, word.substr(0, 100)});
            if (owner.userId == who.userId) return;
        } catch (const NotFound&) {
        }
        throw Denied("the ticket is used, over, or none of yours");
    }

    void open(const Caller& who, const AuthWords& words, WebSocket socket) {
        if (const auto bound = services_.names.takeTicket(words.token); bound && *bound != words.sessionId)
            throw Denied("the ticket is for another session");
        Key key;
        if (!words.sessionId.empty())
            key = keyOf(who, words.sessionId);
        else if (!words.sessionName.empty())
            key = {who.userId, idOfName(words.sessionName)};
        else
            key = {who.userId, ephemeralId()};
        begin(who, key, words);
        auto client =
            std::make_shared<Attachment>(services_.host, services_.pty, socket, key,
                                         Attachment::Who{who.userId, who.username, who.peer}, words.protocol == 2);
        client->setShown(shownId(key, who.userId));
        client->onLost = [this] { services_.host.wake(kAgain, 50ms); };
        client->onResized = [this](const std::string& terminal, unsigned cols, unsigned rows) {
            resizeContainer(terminal, cols, rows);
        };
        {
            const std::lock_guard lock(mutex_);
            clients_[socket.number()] = client;
        }
        try {
            client->begin({key, words.cols, words.rows, words.resume.value_or(kNoSequence), false});
            tell("open", *client);
        } catch (...) {
            client->end();
            const std::lock_guard lock(mutex_);
            clients_.erase(socket.number());
            throw;
        }
    }

    /// The session, if it is not there yet and may be made by this.
    void begin(const Caller& who, const Key& key, const AuthWords& words) {
        if (services_.pty.find(key)) return;
        const bool ephemeral = words.sessionId.empty() && words.sessionName.empty();
        if (key.owner != who.userId || (!ephemeral && !key.id.starts_with("sess_")))
            throw NotFound("there is no session " + words.sessionId);
        const std::string name = !words.sessionName.empty() ? words.sessionName
                                 : ephemeral                ? "ephemeral"
                                                            : key.id.substr(5);
        Create wanted = services_.newSession(key, who.username, name);
        wanted.ephemeral = ephemeral;
        if (words.cols) wanted.cols = words.cols;
        if (words.rows) wanted.rows = words.rows;
        try {
            services_.pty.ask<SessionInfo>(Kind::create, wanted);
        } catch (const Conflict&) {
            if (!services_.pty.find(key)) throw; // else another client was first
        }
    }

    void resizeContainer(const std::string& terminal, unsigned cols, unsigned rows) {
        try {
            services_.host.callText(nullptr, "containers.terminalResize",
                                    toJson(TerminalSize{terminal, static_cast<int>(cols), static_cast<int>(rows)}));
        } catch (const Error& error) {
            services_.host.warn(std::string("a container's terminal has not got its size: ") + error.what());
        }
    }

    std::shared_ptr<Attachment> find(const WebSocket& socket) {
        const std::lock_guard lock(mutex_);
        const auto found = clients_.find(socket.number());
        return found == clients_.end() ? nullptr : found->second;
    }

    /// A row of the audit log, in the plugin's name.
    void tell(const char* event, const Attachment& client) {
        const auto number = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
        const Note note{event,
                        client.key().id,
                        client.who().username,
                        client.who().peer,
                        number(client.bytesIn()),
                        number(client.bytesOut()),
                        (services_.host.nowMs() - client.begunAt()) / 1000};
        try {
            services_.host.callText(nullptr, "terminal.note", toJson(note));
        } catch (const Error& error) {
            services_.host.error(std::string("the audit log has no row for a terminal's ") + event + ": " +
                                 error.what());
        }
    }

    void attachAgain() {
        std::vector<std::shared_ptr<Attachment>> lost;
        {
            const std::lock_guard lock(mutex_);
            for (const auto& [number, client] : clients_)
                if (client->lost()) lost.push_back(client);
        }
        bool later = false;
        for (const auto& client : lost) later = !client->again() || later;
        if (later) services_.host.wake(kAgain, 250ms);
    }

    Services& services_;
    std::mutex mutex_;
    std::map<std::uint64_t, std::shared_ptr<Attachment>> clients_;
    std::map<std::uint64_t, Caller> known_; ///< who has not said yet what they want
};

} // namespace

std::unique_ptr<Group> terminalSocket(Registry& registry, Services& services) {
    return std::make_unique<TerminalSocket>(registry, services);
}

} // namespace talome::terminal

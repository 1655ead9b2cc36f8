// WebSocket routes: the handshake, who the client is, and its messages on a strand of their own.
#include "host/plugins/wire_routes.hpp"

#include "host/auth/tickets.hpp"
#include "host/gate/input.hpp"
#include "host/http/websocket_handshake.hpp"
#include "host/log/log.hpp"
#include "host/plugins/edge.hpp"
#include "sdk/manifest/recorder.hpp"

#include <boost/json.hpp>

namespace talome::plugins {

namespace {

constexpr std::uint64_t kMessage = 1u << 20, kMostMessage = 64u << 20;
constexpr std::uint64_t kQueued = 1u << 20, kMostQueued = 64u << 20;
constexpr std::size_t kWaiting = 4u << 20;      // bytes of messages that wait for the plugin
constexpr std::size_t kOfEach = 256;            // bytes that a message costs besides its text
constexpr std::uint64_t kFirst = 16 * 1024;     // bytes of a message of somebody who has not said who he is
constexpr std::uint16_t kServiceRestart = 1012; // of the registry that RFC 6455, 11.7 began
constexpr int kStrangers = 64;                  // of a route, at once
constexpr auto kFirstMessage = std::chrono::seconds(10);

std::vector<std::string> wordsOf(const char* list) {
    std::vector<std::string> words;
    std::string_view rest = list ? list : "";
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        words.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(comma == rest.npos ? rest.size() : comma + 1);
    }
    return words;
}

/// The token of {"type":"auth","token":"…"}; empty if it is anything else.
std::string tokenOf(const std::string& text) {
    boost::system::error_code error;
    const auto value = boost::json::parse(text, error);
    const auto* object = error ? nullptr : value.if_object();
    if (!object) return {};
    const auto* type = object->if_contains("type");
    const auto* token = object->if_contains("token");
    if (!type || *type != "auth" || !token || !token->is_string()) return {};
    return std::string(token->get_string());
}

/// Nothing is read from a client while the host or the plugin wants it so.
class Brake {
public:
    enum Who { host, plugin };
    explicit Brake(const std::shared_ptr<http::WebSocket>& socket) : socket_(socket) {}
    void set(Who who, bool on) {
        const std::lock_guard lock(mutex_);
        wanted_[who] = on;
        if (const auto socket = socket_.lock()) socket->pause(wanted_[host] || wanted_[plugin]);
    }

private:
    std::mutex mutex_;
    bool wanted_[2] = {};
    const std::weak_ptr<http::WebSocket> socket_;
};

/// One client. Its state is its strand's: every message, the first one included, passes through there.
class Client : public std::enable_shared_from_this<Client> {
public:
    Client(talome_self* self, const talome_websocket& whole, std::shared_ptr<http::WebSocket> socket)
        : self_(self), whole_(whole), socket_(std::move(socket)), hold_(gate::Drain::again(self->drain)),
          strand_(std::make_shared<tasks::Strand>(tasks::postTo(self->budget->background))), brake_(std::make_shared<Brake>(socket_)),
          number_(self->wires.add(
              {nullptr, socket_, strand_, [brake = brake_](bool wanted) { brake->set(Brake::plugin, wanted); }})) {}

    std::uint64_t number() const { return number_; }

    /// Asks the plugin. Throws what it refuses with.
    void open(talome_call& call, const std::string& id, const std::string& input, std::string_view first) {
        gate::lastWords().clear();
        const crash::Scope scope(self_->usage, this->id);
        gate::succeedOrThrow(whole_.open(whole_.user, &call, bytes(input), bytes(first), number_), id);
        open_ = true;
        noted_ =
            self_->services.streams.add(self_, permission, call.principal,
                                        [socket = std::weak_ptr(socket_)](const std::string& reason, bool mayReturn) {
                                            if (const auto living = socket.lock())
                                                living->close(mayReturn ? kServiceRestart : http::kClosePolicy, reason);
                                        });
        if (self_->ended)
            socket_->close(kServiceRestart, self_->id + " is being ended"); // its others have been told already
        self_->services.reviewSoon(); // the session may have ended while it was not in the list yet
    }
    ~Client() { endWaiting(); }
    /// One of those of the route who have not said who they are.
    void wait(std::shared_ptr<std::atomic<int>> strangers) {
        late = true;
        strangers_ = std::move(strangers);
    }

    /// It has been let in, or has had its chance.
    bool known() const { return open_; }
    void forget() { self_->wires.remove(number_); }

    /// The callbacks hold this object, and go with the connection.
    void connect() {
        http::WebSocket::Callbacks callbacks;
        callbacks.message = [self = shared_from_this()](http::Opcode kind, std::string&& text) {
            self->onMessage(kind, std::move(text));
        };
        if (whole_.room)
            callbacks.room = [self = shared_from_this()] {
                self->strand_->post([self] {
                    const crash::Scope scope(self->self_->usage, self->id);
                    if (self->isOpen()) self->whole_.room(self->whole_.user, self->number_);
                });
            };
        callbacks.ended = [self = shared_from_this(), &streams = self_->services.streams](
                              http::Stream::End how, std::uint16_t code, const std::string& reason) {
            streams.remove(self->noted_);
            self->strand_->post([self, how, code, reason] { self->onEnd(how, code, reason); });
        };
        socket_->setCallbacks(std::move(callbacks));
    }

    std::string id; ///< of the route
    // Of a client that says who it is in its first message.
    std::string input, peer, userAgent, requestId, permission, origin;
    bool late = false;

private:
    void endWaiting() {
        if (const auto strangers = std::exchange(strangers_, nullptr)) --*strangers;
    }
    bool isOpen() const { return open_; }

    // The reactor's thread.
    void onMessage(http::Opcode kind, std::string&& text) {
        const auto size = text.size() + kOfEach;
        if ((waiting_ += size) > kWaiting) brake_->set(Brake::host, true);
        strand_->post([self = shared_from_this(), kind, text = std::move(text), size] {
            self->receive(kind, text);
            if ((self->waiting_ -= size) <= kWaiting / 2) self->brake_->set(Brake::host, false);
        });
    }

    // The strand.
    void receive(http::Opcode kind, const std::string& text) {
        if (late && !open_) {
            if (!std::exchange(asked_, true)) authenticate(text);
            return; // what came along before the answer is of nobody
        }
        const bool isText = kind == http::Opcode::text;
        const crash::Scope scope(self_->usage, id);
        whole_.message(whole_.user, number_, isText ? TALOME_WS_TEXT : TALOME_WS_BINARY, bytes(text));
    }

    /// Anonymous, if the word lets nobody in.
    std::shared_ptr<const gate::Principal> byTicket(const std::string& word) const {
        const auto known = auth::Tickets::shared().use(word, id, origin);
        auto here = known ? std::make_shared<gate::Principal>(*known) : std::make_shared<gate::Principal>();
        here->peer = peer;
        here->userAgent = userAgent;
        return here;
    }

    void authenticate(const std::string& text) {
        endWaiting();
        const auto token = tokenOf(text);
        talome_call call;
        call.snapshot = self_->services.registry.snapshot();
        call.principal = auth::Tickets::isOne(token) ? byTicket(token) : self_->services.authenticate(token, peer, userAgent);
        call.requestId = requestId;
        const auto endpoint = call.snapshot->operations.find(id);
        try {
            if (endpoint == call.snapshot->operations.end() || self_->ended)
                throw gate::Failure(TALOME_E_UNAVAILABLE, self_->id + " is being ended");
            if (text.size() > kFirst) throw gate::Failure(TALOME_E_TOO_LARGE, "the first message is too large");
            const gate::Bulkhead::Place place(self_->bulkhead.get(), self_->usage);
            self_->services.gate.runLate(call, *endpoint->second, input, [&] { open(call, id, input, text); });
        } catch (const gate::Failure& refused) {
            const bool hidden = refused.status == TALOME_E_INTERNAL;
            if (hidden) log::error(self_->id, id + ": " + refused.what());
            const bool later = refused.status == TALOME_E_UNAVAILABLE;
            socket_->close(later ? http::kCloseTryLater : http::kClosePolicy,
                           hidden ? "internal error" : refused.what());
        } catch (const gate::Superseded&) {
            socket_->close(http::kCloseTryLater, self_->id + " is being replaced");
        } catch (const std::exception& error) {
            log::error(self_->id, id + ": " + error.what());
            socket_->close(http::kCloseInternal, "internal error");
        }
    }

    void onEnd(http::Stream::End how, std::uint16_t code, const std::string& reason) {
        const crash::Scope scope(self_->usage, id);
        self_->services.streams.remove(noted_); // it may have been let in while the connection broke
        if (open_.exchange(false) && whole_.closed)
            whole_.closed(whole_.user, number_, howEnded(how), code, str(reason));
        self_->wires.remove(number_);
        hold_.release(); // nothing of the plugin is touched from here on
    }

    talome_self* const self_;
    const talome_websocket whole_;
    const std::shared_ptr<http::WebSocket> socket_;
    gate::Drain::Hold hold_; ///< until closed() has returned
    const std::shared_ptr<tasks::Strand> strand_;
    const std::shared_ptr<Brake> brake_;
    const std::uint64_t number_;
    std::atomic<std::size_t> waiting_{0};
    std::atomic<std::uint64_t> noted_{0};
    std::shared_ptr<std::atomic<int>> strangers_; ///< the strand's, but for the destructor
    std::atomic<bool> open_{false};
    bool asked_ = false;
};

/// What is the same for every client of a route.
struct Route {
    talome_self* self;
    talome_websocket whole;
    manifest::Operation declared;
    http::WebSocketOptions options;
    const std::shared_ptr<std::atomic<int>> strangers = std::make_shared<std::atomic<int>>(0);

    bool answer(talome_call& call, const std::string& input, http::Exchange& exchange) const {
        const auto handshake = http::acceptWebSocket(exchange.head(), options);
        requireRoomForStream(*self);
        auto socket = std::make_shared<http::WebSocket>(whole.max_message, whole.max_queued, handshake.deflate);
        auto client = std::make_shared<Client>(self, whole, socket);
        client->permission = declared.permission;
        client->id = declared.id;
        if (call.principal->authenticated || declared.permission == "public") {
            try {
                client->open(call, declared.id, input, {});
            } catch (...) {
                client->forget();
                throw;
            }
        } else {
            if (strangers->fetch_add(1) >= kStrangers) {
                --*strangers;
                client->forget();
                gate::Failure failure(TALOME_E_UNAVAILABLE, "too many have not said who they are");
                failure.retryAfter = static_cast<int>(kFirstMessage.count());
                throw failure;
            }
            client->wait(strangers);
            client->input = input;
            client->origin = exchange.header("Origin").value_or("");
            client->peer = call.principal->peer;
            client->userAgent = call.principal->userAgent;
            client->requestId = call.requestId;
            self->services.reactor.at(self->services.reactor.now() + kFirstMessage,
                                      [socket = std::weak_ptr(socket), weak = std::weak_ptr(client)] {
                                          const auto living = socket.lock();
                                          const auto waiting = weak.lock();
                                          if (living && waiting && !waiting->known())
                                              living->close(http::kClosePolicy, "no token came in time");
                                      });
        }
        client->connect();
        for (const auto& [name, value] : handshake.fields())
            if (name != "Connection") exchange.setHeader(name, value);
        exchange.upgrade();
        exchange.handOver(std::move(socket));
        return true;
    }
};

} // namespace

DeclaredOperation makeWebSocket(talome_self* self, const talome_websocket* socket) {
    DeclaredOperation made{manifest::record(socket), nullptr, nullptr, {}, false};
    auto route = std::make_shared<Route>();
    route->self = self;
    route->whole = manifest::whole(socket);
    auto& whole = route->whole;
    whole.max_message = whole.max_message ? std::min(whole.max_message, kMostMessage) : kMessage;
    whole.max_queued = whole.max_queued ? std::min(whole.max_queued, kMostQueued) : kQueued;
    route->declared = made.declared;
    route->options.protocols = wordsOf(whole.protocols);
    if (whole.flags & TALOME_WS_DEFLATE) route->options.deflate.emplace();
    made.lateAuthentication = whole.flags & TALOME_WS_FIRST_MESSAGE;
    made.wire = [route](talome_call& call, const std::string& input, http::Exchange& exchange) {
        return route->answer(call, input, exchange);
    };
    return made;
}

} // namespace talome::plugins

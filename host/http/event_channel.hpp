// Server-sent events (WHATWG HTML 9.2) for any number of clients: each event is written once, kept for those who come
// back, and sent to all who may see it.
#pragma once

#include "host/http/stream.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talome::http {

class Exchange;
class Server;

/// One event in the form of the wire. `event` and `id` may be empty; line ends in `data` are kept.
std::string formatEvent(std::string_view event, std::string_view id, std::string_view data);

/// The last words of an event stream.
Piece formatBye(std::string_view reason);
/// What keeps an event stream from looking dead.
Piece eventHeartbeat();

/// publish() and answer() may be called by any thread; all the rest happens on the reactor's, so that a client misses
/// nothing and sees nothing twice between what is replayed and what comes.
class EventChannel : public std::enable_shared_from_this<EventChannel> {
public:
    /// Whether one client may see an event: of the permission that its topic needs, and for whom it is ("" for all).
    using MaySee = std::function<bool(const std::string& permission, const std::string& to)>;
    struct Options {
        std::size_t replay = 64; ///< events that are kept
        bool last = false;       ///< a new client is sent the newest event at once
    };
    struct Client {
        MaySee maySee;
        std::function<void(const std::shared_ptr<StreamHandle>&)> opened; ///< the reactor's thread
        std::function<void()> ended;                                      ///< the reactor's thread
    };

    EventChannel(Server& server, Options options);

    void publish(std::string_view event, std::string_view json, std::string_view permission, std::string_view to);
    /// Answers a request with the stream, from behind Last-Event-ID on if the client sends one.
    void answer(Exchange& exchange, Client client);

private:
    class Subscriber;
    struct Event {
        std::uint64_t id;
        Piece text;
        std::string permission, to;
    };

    void add(Subscriber& subscriber);
    void remove(Subscriber& subscriber);
    void deliver(Event event);
    static void send(Subscriber& subscriber, const Event& event);

    Server& server_;
    const Options options_;

    // The reactor's thread.
    std::uint64_t next_; ///< begins at the clock, so that it goes on rising when the server is started again
    std::deque<Event> kept_;
    std::size_t keptBytes_ = 0;
    std::vector<Subscriber*> subscribers_;
};

} // namespace talome::http

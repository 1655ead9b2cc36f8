// The HTTP server: idle connections wait in one epoll set, and a worker holds one only from "a whole head has come"
// to "the answer is written". So a connection costs a descriptor, not a thread.
#pragma once

#include "host/http/exchange.hpp"
#include "host/http/tls.hpp"

#include <Poco/Net/SocketAddress.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace talome::http {

struct Options {
    std::string host = "0.0.0.0"; ///< an address, a name (all its addresses are bound), or "::" for IPv6 and IPv4
    std::uint16_t port = 4000;    ///< 0: any free one, see Server::address()
    int backlog = 4096;
    std::shared_ptr<const TlsContext> tls; ///< null: plain HTTP

    unsigned minWorkers = 0; ///< 0: max(4, 2 × cores)
    unsigned maxWorkers = 64;
    unsigned workersPerPlugin = 16; ///< for the layer that knows plugins: how many of maxWorkers one may hold
    std::size_t maxConnections = 0; ///< 0: what RLIMIT_NOFILE leaves after a reserve; above it 503 and close

    std::chrono::milliseconds growTick{10};     ///< all workers busy and none done for so long: more workers
    std::chrono::milliseconds extraIdle{5000};  ///< workers above minWorkers leave after so long without work
    std::chrono::milliseconds headTime{10000};  ///< from the first byte of a head to its last, else 408
    std::chrono::milliseconds keepAlive{60000}; ///< an idle connection is closed after so long
    std::chrono::milliseconds bodyTime{30000};  ///< without a byte of a body that is being read, else 408
    std::chrono::milliseconds sendTime{30000};  ///< without the client taking a byte of the answer, else closed

    std::size_t maxStreams = 2000;          ///< event streams, WebSockets and the like; above it 503
    std::uint64_t maxBody = 1 << 20;        ///< bytes; Exchange::limitBody() changes it for one request
    std::uint64_t maxCollected = 128 << 20; ///< bytes of bodies in memory, of all requests together; above it 503
    std::uint64_t maxKept = 256 << 20;      ///< bytes of answers that wait for their clients; above it one is cut
    bool serverTiming = false;              ///< adds Server-Timing to answers
};

/// One line of the access log; valid during the call only.
struct AccessRecord {
    std::string_view method, path; ///< empty if the head was not understood
    std::string_view route;        ///< the pattern given to Exchange::setRoute()
    std::string_view plugin;       ///< whose route it is: "host" or a plugin's id; empty: no route was found
    std::string_view user;         ///< given to Exchange::setUser()
    std::string_view peer, requestId;
    std::string_view error;                  ///< of a handler that failed: for the log, not for the client
    int status = 0;                          ///< 0: no answer went out
    std::uint64_t bytesIn = 0, bytesOut = 0; ///< of the bodies
    std::chrono::microseconds duration{0};
};

struct Counters {
    std::uint64_t accepted = 0;    ///< connections, since the start
    std::uint64_t refused = 0;     ///< connections above the limit
    std::uint64_t requests = 0;    ///< answered, errors of the engine included
    std::uint64_t badRequests = 0; ///< refused by the engine itself
    std::uint64_t connections = 0; ///< open now
    std::uint64_t workers = 0, busyWorkers = 0;
    std::uint64_t eventStreams = 0, webSockets = 0, bodyStreams = 0; ///< open now
    std::uint64_t transfers = 0;   ///< answers that wait for their client, and bodies that come
    std::uint64_t slowStreams = 0; ///< clients of streams that did not keep up, since the start
};

/// Called on a worker, by many threads at once, and twice for a request that waits for its body. It may block.
/// Exceptions become answers, see Exchange.
using Handler = std::function<void(Exchange&)>;
/// Called on the worker after each answer, by many threads at once. Must not throw.
using AccessLog = std::function<void(const AccessRecord&)>;

/// All members may be called by any thread. start() once; the destructor closes everything, waits for running
/// handlers, and joins every thread.
class Server {
public:
    Server(Options options, Handler handler, AccessLog accessLog = {});
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds and begins to serve. Throws std::runtime_error with address and reason if it cannot.
    void start();

    /// Where it listens: the real port, if 0 was asked for. After start().
    Poco::Net::SocketAddress address() const;

    /// One more port, whose requests are told apart by Exchange::listener(). It accepts from start() on, or at once.
    /// Throws std::runtime_error with address and reason. Answers the real port.
    std::uint16_t listen(const std::string& name, const std::string& host, std::uint16_t port);
    /// A unix socket that serves what the main listener serves, never over TLS; mode 0600, removed at the end. What
    /// comes through it is told apart by Exchange::peerUid(). Throws std::runtime_error with path and reason.
    void listenUnix(const std::filesystem::path& path);
    /// Its connections stay.
    void unlisten(const std::string& name);

    /// Runs something on the one thread that serves all streams: what it does comes in order with what they are sent.
    void onStreamThread(std::function<void()> wish);

    /// Whether there is room for one more Exchange::handOver().
    bool hasRoomForStream() const;

    /// Accepts no more, closes idle connections, lets requests in flight finish (answered with Connection: close).
    /// True when all is done, false when the limit came first.
    bool drain(std::chrono::milliseconds limit);

    /// Closes every connection, so that handlers see their client gone, and returns when the last of them has.
    void stop();

    Counters counters() const;
    const Options& options() const;

private:
    class Engine;
    std::unique_ptr<Engine> engine_;
};

} // namespace talome::http

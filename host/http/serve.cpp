// A worker's life: wait for one event, find a whole head, serve, and park the connection again.
#include "host/http/engine.hpp"

#include <cerrno>
#include <sys/epoll.h>

namespace talome::http {

namespace {
constexpr std::size_t kFirstPeek = 8192;
constexpr std::size_t kPeekBytes = kMaxHeadBytes + 16;
constexpr unsigned kMaxPieces = 4096;         // a head in more pieces than this is made to cost time
constexpr int kPipelined = 64;                // requests of one connection before the others have their turn
constexpr std::size_t kLingerBytes = 8 << 20; // of a refused body that is thrown away
} // namespace

struct Server::Engine::Scratch {
    std::unique_ptr<char[]> bytes{new char[kPeekBytes]}; // not filled: pages that are not used cost nothing
    RequestHead head;                                    // views into `bytes`
};

void Server::Engine::work(WorkerPool::Worker& worker) {
    Scratch scratch;
    for (;;) {
        epoll_event event{};
        int n = ::epoll_wait(epoll_, &event, 1, worker.beginWait());
        worker.endWait();
        if (n == 0 && worker.mayLeave()) return;
        if (n != 1) continue;
        auto* watched = static_cast<Watched*>(event.data.ptr);
        if (watched->kind == Watched::Kind::stop) return;
        if (watched->kind == Watched::Kind::listener)
            accept(static_cast<Listener&>(*watched));
        else
            onConnection(static_cast<Connection&>(*watched), event.events, scratch);
        worker.finished();
    }
}

void Server::Engine::onConnection(Connection& connection, std::uint32_t events, Scratch& scratch) {
    auto expected = Connection::State::parked;
    bool taken = connection.state.compare_exchange_strong(expected, Connection::State::busy);
    try {
        if (!taken)
            expire(connection, scratch);
        else if (connection.lingering)
            discard(connection, events, scratch);
        else
            serve(connection, events, scratch);
    } catch (const std::exception&) {
        drop(connection); // the client is gone, or there is no memory to speak to it
    }
}

void Server::Engine::serve(Connection& connection, std::uint32_t events, Scratch& scratch) {
    for (int served = 0;; ++served) {
        auto n = connection.peek(scratch.bytes.get(), kFirstPeek);
        if (n < 0) return drop(connection);
        if (n == 0 || served == kPipelined) break;
        auto scan = scanHead({scratch.bytes.get(), static_cast<std::size_t>(n)});
        if (scan.state == HeadScan::State::incomplete && n == kFirstPeek) {
            n = connection.peek(scratch.bytes.get(), kPeekBytes);
            if (n < 0) return drop(connection);
            scan = scanHead({scratch.bytes.get(), static_cast<std::size_t>(n)});
        }
        auto seen = static_cast<std::size_t>(n);
        if (scan.state == HeadScan::State::refused) return refuse(connection, scan.refusal);
        if (scan.state == HeadScan::State::incomplete) return waitForHead(connection, seen, events);

        auto length = scan.skip + scan.length;
        connection.headSince = {};
        connection.headPieces = 0;
        connection.wakeAbove(0);
        auto refusal = readHead({scratch.bytes.get() + scan.skip, scan.length}, scratch.head);
        if (refusal) return refuse(connection, refusal);
        connection.consume(scratch.bytes.get(), length);
        switch (exchange(connection, scratch.head)) {
        case Next::serve:
            break;
        case Next::linger:
            return linger(connection);
        case Next::close:
            return drop(connection);
        }
        bool more = seen > length || scratch.head.framing != Framing::none || connection.holdsBytes();
        if (!more) break;
    }
    park(connection, Clock::now() + options_.keepAlive, true);
}

void Server::Engine::waitForHead(Connection& connection, std::size_t seen, std::uint32_t events) {
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) return drop(connection); // the rest will never come
    auto now = Clock::now();
    if (connection.headSince == Clock::time_point{}) connection.headSince = now;
    auto deadline = connection.headSince + options_.headTime;
    if (now >= deadline) return refuse(connection, {408, "the request head came too slowly"});
    if (++connection.headPieces > kMaxPieces)
        return refuse(connection, {400, "the request head came in too many pieces"});
    connection.wakeAbove(seen);
    park(connection, deadline, false);
}

// Its time was over before its next request was whole.
void Server::Engine::expire(Connection& connection, Scratch& scratch) {
    if (!connection.lingering && connection.headSince != Clock::time_point{}) {
        // What has come must be taken, or closing resets the connection and the client never sees the answer.
        connection.consume(scratch.bytes.get(), std::min(connection.unread(), kPeekBytes));
        sayRefusal(connection, {408, "the request head came too slowly"});
    }
    drop(connection);
}

Server::Engine::Next Server::Engine::exchange(Connection& connection, const RequestHead& head) {
    Exchange exchange(connection, head, options_, draining_);
    std::string error;
    bool keep = false;
    try {
        try {
            handler_(exchange);
        } catch (const HttpError& failure) {
            exchange.fail(failure);
        } catch (const ClientGone&) {
            throw;
        } catch (const std::exception& failure) {
            error = failure.what();
            exchange.fail(HttpError(500, "internal error"));
        } catch (...) {
            error = "an exception of unknown type";
            exchange.fail(HttpError(500, "internal error"));
        }
        if (!exchange.begun()) error = "the handler gave no answer";
        keep = exchange.finish();
    } catch (const std::exception& failure) {
        exchange.cut(); // the client is gone, or even the error could not be sent
        if (error.empty()) error = failure.what();
    }
    requests_.fetch_add(1, std::memory_order_relaxed);
    record(exchange, error);
    if (keep) return Next::serve;
    if (exchange.wasCut()) {
        connection.resetOnClose();
        return Next::close;
    }
    return exchange.bodyOpen() || connection.unread() ? Next::linger : Next::close;
}

void Server::Engine::record(const Exchange& exchange, std::string_view error) {
    if (!accessLog_) return;
    AccessRecord record;
    record.method = exchange.method();
    record.path = exchange.rawPath();
    record.route = exchange.route();
    record.user = exchange.user();
    record.peer = exchange.peer();
    record.requestId = exchange.requestId();
    record.error = error;
    record.status = exchange.status();
    record.bytesIn = exchange.bytesIn();
    record.bytesOut = exchange.bytesOut();
    record.duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - exchange.startTime());
    accessLog_(record);
}

void Server::Engine::sayRefusal(Connection& connection, Refusal refusal) {
    auto id = newRequestId();
    auto body = errorBody(refusal.status, refusal.text, id);
    ResponseFacts facts{.status = refusal.status, .contentType = "application/json", .requestId = id};
    facts.length = body.size();
    facts.keepAlive = false;
    facts.secure = connection.secure();
    connection.sendNow(formatHead(facts, {}) + body);
    requests_.fetch_add(1, std::memory_order_relaxed);
    badRequests_.fetch_add(1, std::memory_order_relaxed);
    if (!accessLog_) return;
    AccessRecord record;
    record.peer = connection.peer();
    record.requestId = id;
    record.error = refusal.text;
    record.status = refusal.status;
    record.bytesOut = body.size();
    accessLog_(record);
}

void Server::Engine::refuse(Connection& connection, Refusal refusal) {
    sayRefusal(connection, refusal);
    linger(connection);
}

// Once rearm() has begun, another worker may have the connection.
void Server::Engine::park(Connection& connection, Clock::time_point deadline, bool idle) {
    // Bytes that are here already wake nobody; that the socket can be written to, does.
    std::uint32_t more = connection.holdsBytes() && idle ? std::uint32_t{EPOLLOUT} : 0u;
    connection.deadline = deadline.time_since_epoch().count();
    connection.idle = idle && !more;
    int descriptor = connection.descriptor();
    connection.state = Connection::State::parked;
    sweepBy(draining_ ? Clock::now() : deadline);
    rearm(descriptor, connection, EPOLLIN | EPOLLRDHUP | more);
}

// Closing a socket with unread bytes resets the connection, and the client may lose the answer that tells it why. So
// the sending side is closed first, and what still comes is thrown away for a while.
void Server::Engine::linger(Connection& connection) {
    connection.shutdownSend();
    connection.lingering = true;
    connection.wakeAbove(0);
    park(connection, Clock::now() + kLingerTime, false);
}

void Server::Engine::discard(Connection& connection, std::uint32_t events, Scratch& scratch) {
    if (events & (EPOLLHUP | EPOLLERR)) return drop(connection);
    for (int i = 0; i < 16; ++i) {
        auto n = connection.peek(scratch.bytes.get(), kPeekBytes);
        connection.lingerBytes += static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, n));
        if (n < 0 || connection.lingerBytes > kLingerBytes) return drop(connection);
        if (n == 0) break;
        connection.consume(scratch.bytes.get(), static_cast<std::size_t>(n));
    }
    park(connection, Clock::time_point(Clock::duration(connection.deadline)), false);
}

} // namespace talome::http

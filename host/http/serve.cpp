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
            acceptFrom(static_cast<Listener&>(*watched));
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
        else if (connection.exchange)
            resume(connection, events, scratch);
        else if (!connection.handshaking || shakeHands(connection))
            serve(connection, events, scratch);
    } catch (const std::exception&) {
        drop(connection); // the client is gone, or there is no memory to speak to it
    }
}

/// As far as it goes without waiting. True when it is done, and the connection still this worker's.
bool Server::Engine::shakeHands(Connection& connection) {
    const auto outcome = connection.handshake();
    if (outcome == TlsSession::Outcome::done) {
        connection.handshaking = false;
        connection.headSince = {};
        return true;
    }
    if (outcome == TlsSession::Outcome::closed || outcome == TlsSession::Outcome::failed) {
        if (connection.fallBackToPlain())
            refuse(connection, {400, "this port speaks HTTPS: use https:// and not http://"});
        else
            drop(connection);
        return false;
    }
    const auto deadline = connection.headSince + options_.headTime;
    connection.deadline = deadline.time_since_epoch().count();
    connection.idle = false;
    connection.beforeRequest = true;
    connection.toSend = outcome == TlsSession::Outcome::wantWrite;
    const int descriptor = connection.descriptor();
    connection.state = Connection::State::parked;
    sweepBy(shared_.draining ? Clock::now() : deadline);
    rearm(descriptor, connection,
          outcome == TlsSession::Outcome::wantWrite ? std::uint32_t{EPOLLOUT} : std::uint32_t{EPOLLIN | EPOLLRDHUP});
    return false;
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
        connection.exchange = std::make_unique<Exchange>(connection, scratch.head, options_, shared_);
        if (!follow(connection, proceed(connection, *connection.exchange))) return;
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

// Its time was over before its next request was whole, or its answer taken.
void Server::Engine::expire(Connection& connection, Scratch& scratch) {
    if (auto& exchange = connection.exchange) {
        transfers_.fetch_sub(1, std::memory_order_relaxed);
        if (exchange->receiving()) {
            exchange->closeAfter();
            exchange->fail(HttpError(408, "the body came too slowly"));
            if (exchange->flush()) {
                follow(connection, settle(connection, *exchange));
                return;
            }
        }
        if (exchange->recorded) { // the answer is out; what is left of the body did not come
            follow(connection, Next::linger);
            return;
        }
        exchange->cut();
        if (exchange->failure.empty()) exchange->failure = "the client took its answer too slowly";
        follow(connection, settle(connection, *exchange));
        return;
    }
    if (!connection.lingering && !connection.handshaking && connection.headSince != Clock::time_point{}) {
        // What has come must be taken, or closing resets the connection and the client never sees the answer.
        connection.consume(scratch.bytes.get(), std::min(connection.unread(), kPeekBytes));
        sayRefusal(connection, {408, "the request head came too slowly"});
    }
    drop(connection);
}

// A connection comes back whose request waited for its body, or whose answer waited for its client.
void Server::Engine::resume(Connection& connection, std::uint32_t events, Scratch& scratch) {
    auto& exchange = *connection.exchange;
    transfers_.fetch_sub(1, std::memory_order_relaxed);
    if (events & (EPOLLHUP | EPOLLERR)) exchange.cut();
    if (follow(connection, proceed(connection, exchange))) serve(connection, 0, scratch);
}

/// Does what is to become of a connection. True if its next request is to be served.
bool Server::Engine::follow(Connection& connection, Next next) {
    switch (next) {
    case Next::serve:
        connection.exchange.reset();
        return true;
    case Next::waitToReceive:
    case Next::waitToSend:
        suspend(connection, next == Next::waitToSend);
        return false;
    case Next::stream: {
        auto [stream, head] = connection.exchange->takeStream();
        connection.exchange.reset();
        streams_.adopt(connection, std::move(stream), std::move(head));
        return false;
    }
    case Next::linger:
        connection.exchange.reset();
        linger(connection);
        return false;
    case Next::close:
        break;
    }
    if (connection.exchange->wasCut()) connection.resetOnClose();
    connection.exchange.reset();
    drop(connection);
    return false;
}

/// Goes as far as it can without waiting for the client.
Server::Engine::Next Server::Engine::proceed(Connection& connection, Exchange& exchange) {
    try {
        try {
            if (exchange.receiving() && !pump(exchange)) return Next::waitToReceive;
            if (!exchange.begun() && !exchange.wasCut()) {
                handle(exchange);
                if (exchange.receiving()) return Next::waitToReceive;
                exchange.complete();
            }
        } catch (const HttpError& failure) {
            exchange.fail(failure); // of the body
        }
        if (!exchange.flush()) return Next::waitToSend;
    } catch (const std::exception& failure) {
        exchange.cut(); // the client is gone, or even the error could not be sent
        if (exchange.failure.empty()) exchange.failure = failure.what();
    }
    return settle(connection, exchange);
}

/// What a sink throws is answered whether it comes at once or later.
bool Server::Engine::pump(Exchange& exchange) {
    try {
        return exchange.pump();
    } catch (const HttpError&) {
        throw;
    } catch (const ClientGone&) {
        throw;
    } catch (const std::exception& failure) {
        exchange.failure = failure.what();
        throw HttpError(500, "internal error");
    }
}

void Server::Engine::handle(Exchange& exchange) {
    try {
        handler_(exchange);
        if (!exchange.begun() && !exchange.receiving()) exchange.failure = "the handler gave no answer";
    } catch (const HttpError& failure) {
        exchange.fail(failure);
    } catch (const ClientGone&) {
        throw;
    } catch (const std::exception& failure) {
        exchange.failure = failure.what();
        exchange.fail(HttpError(500, "internal error"));
    } catch (...) {
        exchange.failure = "an exception of unknown type";
        exchange.fail(HttpError(500, "internal error"));
    }
}

/// The answer is out, or never will be.
Server::Engine::Next Server::Engine::settle(Connection& connection, Exchange& exchange) {
    if (!exchange.recorded) {
        exchange.recorded = true;
        requests_.fetch_add(1, std::memory_order_relaxed);
        record(exchange);
    }
    if (exchange.wasCut()) return Next::close;
    if (exchange.hasStream()) return Next::stream;
    try {
        switch (exchange.drain()) {
        case Exchange::Leftover::none:
            return Next::serve;
        case Exchange::Leftover::wait:
            return Next::waitToReceive;
        case Exchange::Leftover::close:
            break;
        }
    } catch (const ClientGone&) {
        return Next::close;
    }
    return exchange.bodyOpen() || connection.unread() ? Next::linger : Next::close;
}

/// Leaves a request for as long as the client needs.
void Server::Engine::suspend(Connection& connection, bool toSend) {
    auto& exchange = *connection.exchange;
    exchange.keepHead();
    if (toSend) exchange.releaseBody();
    transfers_.fetch_add(1, std::memory_order_relaxed);
    const auto deadline = exchange.deadline();
    connection.deadline = deadline.time_since_epoch().count();
    connection.idle = false;
    connection.toSend = toSend;
    connection.beforeRequest = false;
    // What has left the socket already wakes nobody; that it can be written to, does.
    const auto toReceive = std::uint32_t{EPOLLIN | EPOLLRDHUP} | (exchange.turnOver() ? std::uint32_t{EPOLLOUT} : 0u);
    int descriptor = connection.descriptor();
    connection.state = Connection::State::parked;
    sweepBy(deadline);
    rearm(descriptor, connection, toSend ? std::uint32_t{EPOLLOUT} : toReceive);
}

void Server::Engine::record(const Exchange& exchange) {
    if (!accessLog_) return;
    AccessRecord record;
    record.method = exchange.method();
    record.path = exchange.rawPath();
    record.route = exchange.route();
    record.user = exchange.user();
    record.plugin = exchange.plugin();
    record.peer = exchange.peer();
    record.requestId = exchange.requestId();
    record.error = exchange.failure;
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
    connection.toSend = false;
    connection.beforeRequest = !idle && !connection.lingering;
    int descriptor = connection.descriptor();
    connection.state = Connection::State::parked;
    sweepBy(shared_.draining ? Clock::now() : deadline);
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

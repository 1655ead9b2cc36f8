#include "host/http/engine.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace talome::http {

namespace {

constexpr std::size_t kReserve = 256;      // descriptors for databases, plugins, the engine's socket
constexpr std::size_t kRefusedAtOnce = 64; // clients above the limit that are told so
constexpr int kAcceptBurst = 64;
constexpr auto kDrainGrace = std::chrono::seconds(1);

std::size_t connectionLimit(const Options& options) {
    if (options.maxConnections) return options.maxConnections;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 65536;
    auto files = static_cast<std::size_t>(limit.rlim_cur);
    return files > 2 * kReserve + kRefusedAtOnce ? files - kReserve - kRefusedAtOnce
                                                 : std::max<std::size_t>(16, files / 2);
}

WorkerPool::Limits workerLimits(const Options& options) {
    auto min = options.minWorkers ? options.minWorkers : std::max(4u, 2 * std::thread::hardware_concurrency());
    return {min, std::max(min, options.maxWorkers), options.extraIdle};
}

int openSpare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

int modifyWatch(int epoll, int descriptor, epoll_event& event) {
#ifdef __SANITIZE_THREAD__
    // Its wrapper does not know that EPOLL_CTL_MOD, too, hands the descriptor to whoever gets the event.
    return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_MOD, descriptor, &event));
#else
    return ::epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event);
#endif
}

void checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

} // namespace

Server::Engine::Engine(Options options, Handler handler, AccessLog accessLog)
    : options_(std::move(options)), handler_(std::move(handler)), accessLog_(std::move(accessLog)),
      maxConnections_(connectionLimit(options_)),
      streams_(options_.maxStreams, [this](Connection& connection) { drop(connection); }),
      pool_(
          workerLimits(options_), [this](WorkerPool::Worker& worker) { work(worker); }, [this] { wakeSupervisor(); }),
      nextSweep_(Clock::time_point::max().time_since_epoch().count()) {}

Server::Engine::~Engine() {
    stop();
    for (int descriptor : {epoll_, stopEvent_, spare_.load()})
        if (descriptor >= 0) ::close(descriptor);
}

void Server::Engine::start() {
    auto main = listenOn("", options_.host, options_.port, options_.backlog);
    checked(epoll_ = ::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    checked(stopEvent_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
    spare_ = openSpare();
    watch(stopEvent_, stopMark_, EPOLLIN); // not one-shot: once it is set, every worker sees it
    {
        std::lock_guard lock(listenersMutex_);
        listeners_.insert(listeners_.begin(), std::make_move_iterator(main.begin()),
                          std::make_move_iterator(main.end()));
        for (auto& listener : listeners_) watch(listener->descriptor(), *listener, EPOLLIN | EPOLLONESHOT);
        started_ = true;
    }
    supervisor_ = std::thread([this] { supervise(); });
    pool_.start();
}

std::uint16_t Server::Engine::listen(const std::string& name, const std::string& host, std::uint16_t port) {
    if (name.empty()) throw std::invalid_argument("the main listener has no name");
    auto made = listenOn(name, host, port, options_.backlog);
    std::lock_guard lock(listenersMutex_);
    if (shared_.draining) throw std::runtime_error("the server stops");
    port = made.front()->address().port();
    for (auto& listener : made) {
        if (started_) watch(listener->descriptor(), *listener, EPOLLIN | EPOLLONESHOT);
        listeners_.push_back(std::move(listener));
    }
    return port;
}

void Server::Engine::listenUnix(const std::filesystem::path& path) {
    auto made = std::make_unique<Listener>(std::make_unique<UnixSocket>(path, options_.backlog));
    std::lock_guard lock(listenersMutex_);
    if (shared_.draining) throw std::runtime_error("the server stops");
    if (started_) watch(made->descriptor(), *made, EPOLLIN | EPOLLONESHOT);
    listeners_.push_back(std::move(made));
}

void Server::Engine::unlisten(const std::string& name) {
    std::lock_guard lock(listenersMutex_);
    for (auto& listener : listeners_)
        if (listener->name() == name && !name.empty() && !listener->closed()) listener->close();
}

void Server::Engine::stop() {
    {
        std::lock_guard lock(listenersMutex_);
        for (auto& listener : listeners_)
            if (!listener->closed()) listener->close();
    }
    {
        std::lock_guard lock(mutex_);
        for (auto& connection : connections_) connection->shutdown(); // handlers that wait for their client go on
    }
    if (stopEvent_ >= 0) ::eventfd_write(stopEvent_, 1); // cannot fail: nobody else counts it up
    pool_.stop();
    streams_.stop(); // after the workers: none adopts one any more
    {
        std::lock_guard lock(supervisorMutex_);
        stopping_ = true;
    }
    supervisorWake_.notify_all();
    if (supervisor_.joinable()) supervisor_.join();
    std::lock_guard lock(mutex_);
    connections_.clear();
    empty_.notify_all();
}

void Server::Engine::watch(int descriptor, Watched& watched, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &watched;
    checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
}

void Server::Engine::rearm(int descriptor, Watched& watched, std::uint32_t events) {
    epoll_event event{};
    event.events = events | EPOLLONESHOT;
    event.data.ptr = &watched;
    checked(modifyWatch(epoll_, descriptor, event), "epoll_ctl");
}

/// Whatever happens to a client, the listener goes on.
void Server::Engine::acceptFrom(Listener& listener) {
    ++accepting_;
    try {
        accept(listener);
    } catch (const std::exception&) { // no memory for one more: that client is closed
        refused_.fetch_add(1, std::memory_order_relaxed);
        listener.rearm([this, &listener](int descriptor) { rearm(descriptor, listener, EPOLLIN); });
    }
    std::lock_guard lock(mutex_);
    if (--accepting_ == 0) empty_.notify_all();
}

void Server::Engine::accept(Listener& listener) {
    for (int i = 0; i < kAcceptBurst; ++i) {
        std::unique_ptr<Connection> connection;
        auto result = listener.accept(connection);
        if (result == Listener::Accepted::closed) return;
        if (result == Listener::Accepted::nothing) break;
        if (result == Listener::Accepted::exhausted) {
            refuseOne(listener);
            break;
        }
        admit(std::move(connection));
    }
    listener.rearm([this, &listener](int descriptor) { rearm(descriptor, listener, EPOLLIN); });
}

void Server::Engine::admit(std::unique_ptr<Connection> owned) {
    auto& connection = *owned;
    if (options_.tls && !connection.peerUid()) connection.startTls(*options_.tls);
    std::size_t open;
    {
        std::lock_guard lock(mutex_);
        open = connections_.size();
        if (open < maxConnections_ + kRefusedAtOnce) {
            connection.slot = open;
            connections_.push_back(std::move(owned));
        }
    }
    if (open >= maxConnections_)
        refused_.fetch_add(1, std::memory_order_relaxed);
    else
        accepted_.fetch_add(1, std::memory_order_relaxed);
    if (owned) return; // too many even to be told: closed
    if (connection.handshaking) {
        connection.headSince = Clock::now();
        connection.idle = false;
        connection.beforeRequest = true;
    }
    auto wait = open >= maxConnections_  ? kLingerTime
                : connection.handshaking ? Clock::duration(options_.headTime)
                                         : Clock::duration(options_.keepAlive);
    if (open >= maxConnections_ && connection.handshaking) return drop(connection); // cannot be told
    if (open >= maxConnections_) {
        ResponseFields fields;
        fields.set("Retry-After", "5");
        auto id = newRequestId();
        auto body = errorBody(503, "too many connections", id);
        ResponseFacts facts{.status = 503, .contentType = "application/json", .requestId = id};
        facts.length = body.size();
        facts.keepAlive = false;
        connection.sendNow(formatHead(facts, fields) + body);
        connection.shutdownSend();
        connection.lingering = true;
        connection.idle = false;
    }
    auto deadline = Clock::now() + wait;
    connection.deadline = deadline.time_since_epoch().count();
    connection.state = Connection::State::parked;
    sweepBy(shared_.draining ? Clock::now() : deadline);
    try {
        watch(connection.descriptor(), connection, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT);
    } catch (const std::system_error&) {
        drop(connection); // the kernel cannot watch one more
    }
}

// Without a descriptor the client can neither be accepted nor be told. The spare one is given up for the moment it
// takes to close the client, so that it does not wait for nothing and the listener does not fire without end.
void Server::Engine::refuseOne(Listener& listener) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    int spare = spare_.exchange(-1);
    if (spare < 0) {                                                // somebody else has it, or there was none to be had
        std::this_thread::sleep_for(std::chrono::milliseconds(10)); // the listener fires again at once
        if (int again = openSpare(); again >= 0 && (again = spare_.exchange(again)) >= 0) ::close(again);
        return;
    }
    ::close(spare);
    std::unique_ptr<Connection> connection;
    listener.accept(connection);
    connection.reset();
    spare_ = openSpare();
}

void Server::Engine::drop(Connection& connection) {
    std::unique_ptr<Connection> owned; // closes the socket after the lock is free
    std::lock_guard lock(mutex_);
    auto slot = connection.slot;
    owned = std::move(connections_[slot]);
    if (slot + 1 != connections_.size()) {
        connections_[slot] = std::move(connections_.back());
        connections_[slot]->slot = slot;
    }
    connections_.pop_back();
    if (connections_.empty()) empty_.notify_all();
}

bool Server::Engine::drain(std::chrono::milliseconds limit) {
    auto end = Clock::now() + limit;
    // A connection that was busy a moment ago has its client's next request on the way: it is answered, and closed.
    grace_ = std::min<Clock::duration>(kDrainGrace, limit / 2).count();
    {
        std::lock_guard lock(listenersMutex_);
        drainBy_ = (Clock::now() + Clock::duration(grace_.load())).time_since_epoch().count();
        shared_.draining = true;
        for (auto& listener : listeners_) {
            if (listener->closed()) continue;
            std::unique_ptr<Connection> connection; // those whom the kernel has accepted for us
            while (listener->accept(connection) == Listener::Accepted::connection) admit(std::move(connection));
            listener->close();
        }
    }
    streams_.dismissAll("the server stops");
    sweepBy(Clock::now());
    std::unique_lock lock(mutex_);
    return empty_.wait_until(lock, end, [this] { return connections_.empty() && accepting_ == 0; });
}

Poco::Net::SocketAddress Server::Engine::address() const {
    std::lock_guard lock(listenersMutex_);
    return listeners_.empty() ? Poco::Net::SocketAddress() : listeners_.front()->address();
}

Counters Server::Engine::counters() const {
    Counters out;
    out.accepted = accepted_.load(std::memory_order_relaxed);
    out.refused = refused_.load(std::memory_order_relaxed);
    out.requests = requests_.load(std::memory_order_relaxed);
    out.badRequests = badRequests_.load(std::memory_order_relaxed);
    out.workers = pool_.size();
    out.busyWorkers = out.workers - std::min<std::uint64_t>(out.workers, pool_.idle());
    const auto streams = streams_.counts();
    out.eventStreams = streams[static_cast<std::size_t>(Stream::Kind::events)];
    out.webSockets = streams[static_cast<std::size_t>(Stream::Kind::websocket)];
    out.bodyStreams = streams[static_cast<std::size_t>(Stream::Kind::body)];
    out.slowStreams = streams_.dropped();
    out.transfers = transfers_.load(std::memory_order_relaxed);
    std::lock_guard lock(mutex_);
    out.connections = connections_.size();
    return out;
}

Server::Server(Options options, Handler handler, AccessLog accessLog)
    : engine_(std::make_unique<Engine>(std::move(options), std::move(handler), std::move(accessLog))) {}
Server::~Server() = default;
void Server::start() { engine_->start(); }
Poco::Net::SocketAddress Server::address() const { return engine_->address(); }
std::uint16_t Server::listen(const std::string& name, const std::string& host, std::uint16_t port) {
    return engine_->listen(name, host, port);
}
void Server::listenUnix(const std::filesystem::path& path) { engine_->listenUnix(path); }
void Server::unlisten(const std::string& name) { engine_->unlisten(name); }
void Server::onStreamThread(std::function<void()> wish) { engine_->onStreamThread(std::move(wish)); }
bool Server::hasRoomForStream() const { return engine_->hasRoomForStream(); }
bool Server::drain(std::chrono::milliseconds limit) { return engine_->drain(limit); }

void Server::stop() { engine_->stop(); }
Counters Server::counters() const { return engine_->counters(); }
const Options& Server::options() const { return engine_->options(); }

} // namespace talome::http

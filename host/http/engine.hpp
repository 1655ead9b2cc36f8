// The inside of Server: the epoll set, the workers' loop, the list of connections and the sweep of those that idle.
#pragma once

#include "host/http/connection.hpp"
#include "host/http/exchange.hpp"
#include "host/http/listener.hpp"
#include "host/http/server.hpp"
#include "host/http/streams.hpp"
#include "host/http/worker_pool.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace talome::http {

/// Threads: workers run work(); the supervisor runs supervise(), asleep unless a deadline nears or all workers are
/// busy. A connection's owner (see Connection) alone touches it; `mutex_` guards the list, not what is in it.
class Server::Engine {
public:
    Engine(Options options, Handler handler, AccessLog accessLog);
    ~Engine();

    void start();
    std::uint16_t listen(const std::string& name, const std::string& host, std::uint16_t port);
    void listenUnix(const std::filesystem::path& path);
    void unlisten(const std::string& name);
    void onStreamThread(std::function<void()> wish) { streams_.post(std::move(wish)); }
    bool hasRoomForStream() const { return streams_.hasRoom(); }
    bool drain(std::chrono::milliseconds limit);
    Poco::Net::SocketAddress address() const;
    Counters counters() const;
    const Options& options() const { return options_; }
    void stop();

private:
    using Clock = Connection::Clock;
    static constexpr Clock::duration kLingerTime = std::chrono::seconds(2);
    struct Scratch; ///< a worker's buffers
    /// What becomes of a connection when nothing more can be done at once.
    enum class Next { serve, waitToReceive, waitToSend, stream, linger, close };

    // engine.cpp: life, accepting
    void watch(int descriptor, Watched& watched, std::uint32_t events);
    void rearm(int descriptor, Watched& watched, std::uint32_t events);
    void acceptFrom(Listener& listener);
    void accept(Listener& listener);
    void admit(std::unique_ptr<Connection> connection);
    void refuseOne(Listener& listener);
    void drop(Connection& connection);

    // serve.cpp: a worker's life
    void work(WorkerPool::Worker& worker);
    void onConnection(Connection& connection, std::uint32_t events, Scratch& scratch);
    void serve(Connection& connection, std::uint32_t events, Scratch& scratch);
    void waitForHead(Connection& connection, std::size_t seen, std::uint32_t events);
    void expire(Connection& connection, Scratch& scratch);
    bool shakeHands(Connection& connection);
    void resume(Connection& connection, std::uint32_t events, Scratch& scratch);
    bool follow(Connection& connection, Next next);
    Next proceed(Connection& connection, Exchange& exchange);
    bool pump(Exchange& exchange);
    void handle(Exchange& exchange);
    Next settle(Connection& connection, Exchange& exchange);
    void suspend(Connection& connection, bool toSend);
    void refuse(Connection& connection, Refusal refusal);
    void sayRefusal(Connection& connection, Refusal refusal);
    void park(Connection& connection, Clock::time_point deadline, bool idle);
    void linger(Connection& connection);
    void discard(Connection& connection, std::uint32_t events, Scratch& scratch);
    void record(const Exchange& exchange);

    // supervisor.cpp: time
    void supervise();
    Clock::time_point sweep(Clock::time_point now);
    void sweepBy(Clock::time_point deadline);
    void wakeSupervisor();

    const Options options_;
    const Handler handler_;
    const AccessLog accessLog_;
    const std::size_t maxConnections_;
    Watched stopMark_{Watched::Kind::stop};
    int epoll_ = -1, stopEvent_ = -1;
    std::atomic<int> spare_{-1}; ///< a descriptor to refuse a client with when there is none left
    std::atomic<bool> started_{false};
    mutable std::mutex listenersMutex_;
    std::vector<std::unique_ptr<Listener>> listeners_; ///< a closed one stays: a worker may be on its way to it
    Streams streams_;
    WorkerPool pool_;

    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::condition_variable empty_;
    Shared shared_;
    std::atomic<Clock::rep> grace_{0}; ///< while draining: how long a connection may idle

    std::thread supervisor_;
    std::mutex supervisorMutex_;
    std::condition_variable supervisorWake_;
    bool stopping_ = false; ///< of the supervisor
    std::atomic<bool> asleep_{false};
    std::atomic<Clock::rep> nextSweep_;

    std::atomic<std::uint64_t> transfers_{0};
    std::atomic<unsigned> accepting_{0}; ///< workers that may hold a client which is not in the list yet
    std::atomic<Clock::rep> drainBy_{0}; ///< while draining: until when a head may still come
    std::atomic<std::uint64_t> accepted_{0}, refused_{0}, requests_{0}, badRequests_{0};
};

} // namespace talome::http

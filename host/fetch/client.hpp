// Everything that is fetched: one thread drives all transfers through libcurl, from the first one until half a minute
// after the last. A thread of its own, because the reactor's callbacks must be short and those of TLS are not, and
// because the pool may be full of work that waits for just these transfers.
#pragma once

#include "host/fetch/relay.hpp"
#include "host/fetch/transfer.hpp"

#include <deque>
#include <thread>

namespace talome::fetch {

/// Any thread. What it is told is done on the fetching thread, in that order.
class Client {
public:
    explicit Client(Resolver::Lookup lookup = &Resolver::ofSystem);
    ~Client(); ///< ends what still runs

    /// Throws talome::Unavailable if nothing can be fetched.
    std::shared_ptr<Transfer> start(Order, std::shared_ptr<Pipe>);
    void resume(const std::shared_ptr<Transfer>&); ///< its pipe has room again, or more of the body
    void end(const std::shared_ptr<Transfer>&, End);

    /// Goes on moving what it has to; see upgrade.hpp.
    void relay(std::unique_ptr<Relay>);
    Resolver& resolver() { return resolver_; }
    Breakers& breakers() { return breakers_; }
    Usage& usage() { return usage_; }

    std::vector<HostUse> uses() const { return usage_.all(); }
    std::size_t threads() const; ///< 0 or 1

private:
    void post(std::function<void()>);
    void run();
    void work();
    void finished();
    bool rest(); ///< true: the thread ends

    Breakers breakers_;
    Usage usage_;
    Shared shared_;
    mutable std::mutex mutex_;
    std::deque<std::function<void()>> commands_;
    CURLM* multi_ = nullptr; ///< while the thread runs
    bool running_ = false, stopping_ = false;
    std::thread thread_;
    // The fetching thread's own.
    std::vector<std::shared_ptr<Transfer>> transfers_;
    std::vector<std::unique_ptr<Relay>> relays_;
    Transfer::Clock::time_point lastUse_{};
    Resolver resolver_; ///< goes first: its answers come here
};

} // namespace talome::fetch

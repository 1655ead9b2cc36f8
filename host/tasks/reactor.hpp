// One thread that waits for descriptors and for points in time, and sleeps otherwise. What it calls must be short:
// real work is posted to a pool.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace talome::tasks {

/// Any thread.
class Reactor {
public:
    using Clock = std::chrono::steady_clock;
    using OnTime = std::function<void()>;
    using OnReady = std::function<void(std::uint32_t events)>; ///< TALOME_READABLE, … of talome/io.h

    Reactor();
    ~Reactor();

    std::uint64_t at(Clock::time_point, OnTime);
    void cancel(std::uint64_t timer); ///< it may be running already

    /// Tells once; then rearm() watches again.
    std::uint64_t watch(int fd, std::uint32_t events, OnReady);
    void rearm(std::uint64_t number, std::uint32_t events);
    void unwatch(std::uint64_t number); ///< it may be running already

private:
    struct Watch {
        int fd;
        OnReady ready;
    };
    void run();
    void wake() const;
    int nextTimeout();
    void runTimers();

    int epoll_, wake_;
    std::mutex mutex_;
    std::multimap<Clock::time_point, std::pair<std::uint64_t, OnTime>> timers_;
    std::unordered_map<std::uint64_t, Watch> watches_;
    std::uint64_t next_ = 1;
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace talome::tasks

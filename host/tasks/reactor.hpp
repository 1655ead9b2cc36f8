// One thread that waits for descriptors and for points in time, and sleeps otherwise. What it calls must be short:
// real work is posted to a pool.
#pragma once

#include "host/http/descriptor.hpp"
#include "host/tasks/time_source.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

namespace talome::tasks {

/// Any thread.
class Reactor {
public:
    using Clock = std::chrono::steady_clock;
    using OnTime = std::function<void()>;
    using OnReady = std::function<void(std::uint32_t events)>; ///< TALOME_READABLE, … of talome/io.h

    explicit Reactor(const TimeSource& = TimeSource::real());
    ~Reactor();

    std::uint64_t at(Clock::time_point, OnTime);
    void cancel(std::uint64_t timer); ///< it may be running already

    /// Tells once; then rearm() watches again.
    std::uint64_t watch(int fd, std::uint32_t events, OnReady);
    void rearm(std::uint64_t number, std::uint32_t events);
    void unwatch(std::uint64_t number); ///< it may be running already
    /// Calls once, when `fd` is readable, and closes it. Throws std::system_error, and then has closed it already.
    void onceReadable(http::Descriptor fd, OnTime);

    /// The time by which timers are judged.
    Clock::time_point now() const { return time_.now(); }
    /// For whoever moves the time: when the next timer is due, and a look at those that are.
    std::optional<Clock::time_point> nextTimer() const;
    void look() const { wake(); }
    Activity activity() const; ///< a timer that is due counts

private:
    struct Watch {
        int fd;
        OnReady ready;
        http::Descriptor owned = {}; ///< of onceReadable(): the watch ends when it tells
    };
    void run();
    std::uint64_t add(Watch, std::uint32_t events);
    void wake() const;
    int nextTimeout();
    void runTimers();

    const TimeSource& time_;
    int epoll_, wake_;
    mutable std::mutex mutex_;
    std::multimap<Clock::time_point, std::pair<std::uint64_t, OnTime>> timers_;
    std::unordered_map<std::uint64_t, Watch> watches_;
    std::uint64_t next_ = 1;
    std::uint64_t begun_ = 0; ///< calls
    bool calling_ = false, stopping_ = false;
    std::thread thread_;
};

} // namespace talome::tasks

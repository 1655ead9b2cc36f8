// Points in time of the clock on the wall, which may be set while they are waited for, and which goes on while the
// machine sleeps. The kernel tells when that happens (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET): nothing is polled.
#pragma once

#include "host/tasks/reactor.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace talome::tasks {

/// Any thread. Made by make().
class WallClock : public std::enable_shared_from_this<WallClock> {
public:
    /// What is asked of the system: both in milliseconds.
    struct Source {
        std::function<std::int64_t()> now;    ///< since the epoch
        std::function<std::int64_t()> uptime; ///< since boot, with the time asleep
    };
    /// Why it is called: its time has come, or the clock was put right by hours, so that what was planned by the wrong
    /// clock is to be planned anew. A clock that is set by less only makes it come sooner or later.
    enum class Why { due, corrected };
    using OnTime = std::function<void(Why)>;

    static constexpr std::int64_t kCorrection = 3 * 3'600'000; ///< as Vixie's cron has it

    /// A source that a test moves wakes by the reactor's timers, the real one by the kernel's.
    static std::shared_ptr<WallClock> make(Reactor&, const TimeSource& = TimeSource::real());
    WallClock(Reactor&, Source, bool real = true);
    ~WallClock();

    std::int64_t now() const { return source_.now(); }
    /// Calls once, on the reactor's thread; it must be short.
    std::uint64_t at(std::int64_t ms, OnTime);
    void cancel(std::uint64_t timer); ///< it may be running already

    /// Calls what is due; when the kernel says so, and in tests.
    void look();

private:
    // Under mutex_.
    void arm();
    void armKernel();

    Reactor& reactor_;
    const Source source_;
    const bool real_;
    std::mutex mutex_;
    int fd_ = -1;             ///< from the first timer on
    std::uint64_t stand_ = 0; ///< the timer of the reactor instead, if the source is not real
    std::uint64_t watch_ = 0, next_ = 1;
    std::int64_t offset_ = 0; ///< between the two clocks, when it was last looked at
    std::map<std::pair<std::int64_t, std::uint64_t>, OnTime> timers_;
};

} // namespace talome::tasks

// One task: runs on its period, by the calendar, or when woken, never beside itself.
#pragma once

#include "host/tasks/pool.hpp"
#include "host/tasks/reactor.hpp"
#include "host/tasks/time_zone.hpp"
#include "host/tasks/wall_clock.hpp"
#include "sdk/manifest/cron.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace talome::tasks {

/// Any thread. The period counts from the end of one run to the start of the next. What becomes due while it runs makes
/// it run once more.
class Task : public std::enable_shared_from_this<Task> {
public:
    enum class Outcome { done, failed, cancelled };
    struct Ended {
        Outcome outcome = Outcome::done;
        std::string words; ///< of a failure
    };
    using Run = std::function<Ended(const std::atomic<bool>& cancelled)>;

    /// When it runs by itself.
    struct Plan {
        std::chrono::milliseconds period{0}; ///< 0: not on an interval
        std::optional<manifest::Cron> cron;
        std::function<std::shared_ptr<const TimeZone>()> zone; ///< of cron, as it is known at each tick
    };
    struct LastRun {
        std::int64_t at = 0, durationMs = 0; ///< `at`: milliseconds since the epoch
        Ended end;
    };
    /// What the next generation needs to know of this one.
    struct Left {
        std::optional<Reactor::Clock::time_point> due; ///< of its interval, or a wake
        bool woken = false;                            ///< that is a wake
        std::optional<std::int64_t> wakeAt;            ///< as wakeAt() was told
        std::optional<std::int64_t> ticked;            ///< cron ticks up to this time are done
        std::optional<LastRun> last;
        bool goesOn = false; ///< it has not ended in time
    };

    Task(Reactor&, Post, std::shared_ptr<WallClock>, Plan, Run);

    /// One of the host's own, on an interval or only when woken. What it throws is logged.
    Task(Reactor&, Pool&, std::chrono::milliseconds period, std::function<void(const std::atomic<bool>&)>);

    void activate() { activate(Left()); }
    void activate(const Left&); ///< from now on it is due and can be woken
    /// Runs it once after `delay`; if it waits already, the earlier time counts.
    void wake(std::chrono::milliseconds delay);
    /// The same at a time of the clock: milliseconds since the epoch.
    void wakeAt(std::int64_t ms);
    /// Cancels what waits, asks what runs to end, and waits for that: `patience` at most, then it goes on for as long as
    /// it takes, and its last run is not told.
    Left quiesce(std::chrono::milliseconds patience = std::chrono::milliseconds::max());

    struct Status {
        bool running = false;
        std::optional<LastRun> last;
        std::optional<std::int64_t> nextAt; ///< milliseconds since the epoch
    };
    Status status() const;

private:
    /// A timer of either kind. Its number tells late calls of one that was replaced.
    struct Timer {
        std::uint64_t id = 0, number = 0; ///< id 0: nothing waits
    };

    // All of these under mutex_.
    void scheduleSteady(Reactor::Clock::time_point, bool woken);
    void scheduleWakeAt(std::int64_t ms);
    void scheduleTick(std::int64_t after);
    void cancelTimers();
    void begin();

    void steadyDue(std::uint64_t number);
    void wakeAtDue(std::uint64_t number, WallClock::Why);
    void tickDue(std::uint64_t number, WallClock::Why);
    void runOnce();

    Reactor& reactor_;
    const Post post_;
    const std::shared_ptr<WallClock> clock_;
    const Plan plan_;
    const Run run_;
    mutable std::mutex mutex_;
    std::condition_variable ended_;
    bool active_ = false, running_ = false;
    bool again_ = false; ///< became due while it ran, or before it could
    std::uint64_t numbers_ = 0;
    Timer steady_, wakeAt_, tick_;
    Reactor::Clock::time_point steadyWhen_{};
    bool woken_ = false;
    std::int64_t wakeAtWhen_ = 0, tickWhen_ = 0;
    std::int64_t ticked_ = 0; ///< the last tick that made it run
    std::shared_ptr<const TimeZone> zone_;
    std::optional<LastRun> last_;
    std::atomic<bool> cancelled_{false};
};

} // namespace talome::tasks

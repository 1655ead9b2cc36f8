// One task: runs on its period, by the calendar, or when woken, never beside itself.
#include "host/tasks/task.hpp"

#include "host/log/log.hpp"
#include "host/tasks/schedule.hpp"

#include <algorithm>
#include <utility>

namespace talome::tasks {

using std::chrono::milliseconds;

Task::Task(Reactor& reactor, Post post, std::shared_ptr<WallClock> clock, Plan plan, Run run)
    : reactor_(reactor), post_(std::move(post)), clock_(std::move(clock)), plan_(std::move(plan)), run_(std::move(run)) {}

Task::Task(Reactor& reactor, Pool& pool, milliseconds period, std::function<void(const std::atomic<bool>&)> run)
    : Task(reactor, postTo(pool), WallClock::make(reactor), {period, std::nullopt, nullptr},
           [run = std::move(run)](const std::atomic<bool>& cancelled) -> Ended {
               try {
                   run(cancelled);
               } catch (const std::exception& error) {
                   log::error("host", std::string("a task failed: ") + error.what());
                   return {Outcome::failed, error.what()};
               }
               return {};
           }) {}

void Task::activate(const Left& left) {
    const std::lock_guard lock(mutex_);
    active_ = true;
    cancelled_ = false;
    last_ = left.last;
    const auto now = reactor_.now();
    if (left.due && (left.woken || plan_.period.count() > 0)) scheduleSteady(*left.due, left.woken);
    if (plan_.period.count() > 0) scheduleSteady(now + plan_.period, false);
    if (left.wakeAt) scheduleWakeAt(*left.wakeAt);
    if (!plan_.cron) return;
    ticked_ = left.ticked.value_or(0);
    scheduleTick(left.ticked.value_or(clock_->now()));
}

void Task::scheduleSteady(Reactor::Clock::time_point when, bool woken) {
    if (steady_.id && steadyWhen_ <= when) return;
    if (steady_.id) reactor_.cancel(steady_.id);
    steadyWhen_ = when;
    woken_ = woken;
    steady_.number = ++numbers_;
    steady_.id = reactor_.at(when, [weak = weak_from_this(), number = steady_.number] {
        if (const auto self = weak.lock()) self->steadyDue(number);
    });
}

void Task::scheduleWakeAt(std::int64_t ms) {
    if (wakeAt_.id && wakeAtWhen_ <= ms) return;
    if (wakeAt_.id) clock_->cancel(wakeAt_.id);
    wakeAtWhen_ = ms;
    wakeAt_.number = ++numbers_;
    wakeAt_.id = clock_->at(ms, [weak = weak_from_this(), number = wakeAt_.number](WallClock::Why why) {
        if (const auto self = weak.lock()) self->wakeAtDue(number, why);
    });
}

void Task::scheduleTick(std::int64_t after) {
    if (tick_.id) clock_->cancel(tick_.id);
    try {
        zone_ = plan_.zone();
    } catch (const std::exception&) {
        if (!zone_) throw; // else its file is being replaced, or gone: it is as it was
    }
    tickWhen_ = nextTick(*plan_.cron, *zone_, after);
    tick_.number = ++numbers_;
    tick_.id = clock_->at(tickWhen_, [weak = weak_from_this(), number = tick_.number](WallClock::Why why) {
        if (const auto self = weak.lock()) self->tickDue(number, why);
    });
}

void Task::cancelTimers() {
    if (steady_.id) reactor_.cancel(steady_.id);
    if (wakeAt_.id) clock_->cancel(wakeAt_.id);
    if (tick_.id) clock_->cancel(tick_.id);
    steady_.id = wakeAt_.id = tick_.id = 0;
}

void Task::wake(milliseconds delay) {
    const std::lock_guard lock(mutex_);
    if (active_) scheduleSteady(reactor_.now() + delay, true);
}

void Task::wakeAt(std::int64_t ms) {
    const std::lock_guard lock(mutex_);
    if (active_) scheduleWakeAt(ms);
}

void Task::steadyDue(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    if (!active_ || !steady_.id || steady_.number != number) return; // it was replaced when it had begun to fire
    steady_.id = 0;
    begin();
}

void Task::wakeAtDue(std::uint64_t number, WallClock::Why why) {
    const std::lock_guard lock(mutex_);
    if (!active_ || !wakeAt_.id || wakeAt_.number != number) return;
    wakeAt_.id = 0;
    if (why == WallClock::Why::corrected && clock_->now() < wakeAtWhen_)
        scheduleWakeAt(wakeAtWhen_);
    else
        begin();
}

void Task::tickDue(std::uint64_t number, WallClock::Why why) {
    const std::lock_guard lock(mutex_);
    if (!active_ || !tick_.id || tick_.number != number) return;
    tick_.id = 0;
    const auto now = clock_->now();
    if (why == WallClock::Why::corrected) {
        ticked_ = 0; // of a clock that was wrong
        scheduleTick(now);
        return;
    }
    ticked_ = tickWhen_;
    // Of several that were missed, while the machine slept, one is enough; set back a little, none comes again.
    scheduleTick(std::max(ticked_, now));
    begin();
}

void Task::begin() {
    if (running_) {
        again_ = true;
        return;
    }
    running_ = true;
    post_([self = shared_from_this()] { self->runOnce(); });
}

void Task::runOnce() {
    {
        const std::lock_guard lock(mutex_);
        if (!active_) { // the next generation's
            again_ = true;
            running_ = false;
            ended_.notify_all();
            return;
        }
    }
    LastRun run;
    run.at = clock_->now();
    const auto began = reactor_.now();
    try {
        run.end = run_(cancelled_);
    } catch (const std::exception& error) {
        run.end = {Outcome::failed, error.what()};
    }
    const auto now = reactor_.now();
    run.durationMs = std::chrono::duration_cast<milliseconds>(now - began).count();
    const std::lock_guard lock(mutex_);
    last_ = std::move(run);
    running_ = false;
    if (active_) {
        if (plan_.period.count() > 0) scheduleSteady(now + plan_.period, false);
        if (std::exchange(again_, false)) begin();
    }
    ended_.notify_all();
}

Task::Left Task::quiesce(milliseconds patience) {
    std::unique_lock lock(mutex_);
    const bool was = std::exchange(active_, false);
    cancelled_ = true;
    Left left;
    if (steady_.id) {
        left.due = steadyWhen_;
        left.woken = woken_;
    }
    if (wakeAt_.id) left.wakeAt = wakeAtWhen_;
    if (was && plan_.cron) left.ticked = std::max(ticked_, std::min(clock_->now(), tickWhen_ - 1));
    cancelTimers();
    const auto hasEnded = [&] { return !running_; };
    if (patience == milliseconds::max())
        ended_.wait(lock, hasEnded);
    else
        left.goesOn = !ended_.wait_for(lock, patience, hasEnded);
    const auto now = reactor_.now();
    if (std::exchange(again_, false)) {
        left.due = now;
        left.woken = true;
    } else if (!left.due && plan_.period.count() > 0) { // it ran just now
        left.due = now + plan_.period;
    }
    left.last = last_;
    return left;
}

Task::Status Task::status() const {
    const std::lock_guard lock(mutex_);
    Status status{running_, last_, std::nullopt};
    const auto earlier = [&](std::int64_t at) { status.nextAt = std::min(status.nextAt.value_or(at), at); };
    if (steady_.id) earlier(clock_->now() + std::chrono::ceil<milliseconds>(steadyWhen_ - reactor_.now()).count());
    if (wakeAt_.id) earlier(wakeAtWhen_);
    if (tick_.id) earlier(tickWhen_);
    return status;
}

} // namespace talome::tasks

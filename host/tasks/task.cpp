// One task: runs on its period or when woken, never beside itself.
#include "host/tasks/task.hpp"

#include "host/log/log.hpp"

namespace talome::tasks {

Task::Task(Reactor& reactor, Pool& pool, std::chrono::milliseconds period, Run run)
    : reactor_(reactor), pool_(pool), period_(period), run_(std::move(run)) {}

void Task::activate() {
    const std::lock_guard lock(mutex_);
    active_ = true;
    cancelled_ = false;
    if (period_.count() > 0) schedule(Reactor::Clock::now() + period_);
}

void Task::schedule(Reactor::Clock::time_point when) {
    if (timer_ && when_ <= when) return;
    if (timer_) reactor_.cancel(timer_);
    when_ = when;
    timer_ = reactor_.at(when, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->due();
    });
}

void Task::wake(std::chrono::milliseconds delay) {
    const std::lock_guard lock(mutex_);
    if (active_) schedule(Reactor::Clock::now() + delay);
}

void Task::due() {
    {
        const std::lock_guard lock(mutex_);
        // A timer that was moved forward or cancelled may still have fired.
        if (!active_ || !timer_ || when_ > Reactor::Clock::now()) return;
        if (running_) return; // runOnce() sees that something is due
        timer_ = 0;
        running_ = true;
    }
    pool_.post([self = shared_from_this()] { self->runOnce(); });
}

void Task::runOnce() {
    try {
        run_(cancelled_);
    } catch (const std::exception& error) {
        log::error("host", std::string("a task failed: ") + error.what());
    }
    const std::lock_guard lock(mutex_);
    running_ = false;
    if (active_) {
        const auto now = Reactor::Clock::now();
        if (timer_ && when_ <= now) { // came due while it ran
            reactor_.cancel(timer_);
            timer_ = 0;
            schedule(now);
        }
        if (period_.count() > 0) schedule(now + period_);
    }
    ended_.notify_all();
}

void Task::quiesce() {
    std::unique_lock lock(mutex_);
    active_ = false;
    cancelled_ = true;
    if (timer_) reactor_.cancel(timer_);
    timer_ = 0;
    ended_.wait(lock, [&] { return !running_; });
}

} // namespace talome::tasks

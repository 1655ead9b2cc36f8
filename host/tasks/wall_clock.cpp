// Points in time of the clock on the wall.
#include "host/tasks/wall_clock.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <sys/timerfd.h>
#include <system_error>
#include <talome/io.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace talome::tasks {

namespace {

std::int64_t milliseconds(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1'000'000;
}

} // namespace

std::shared_ptr<WallClock> WallClock::make(Reactor& reactor, const TimeSource& time) {
    if (&time == &TimeSource::real())
        return std::make_shared<WallClock>(
            reactor, Source{[] { return milliseconds(CLOCK_REALTIME); }, [] { return milliseconds(CLOCK_BOOTTIME); }});
    const auto steady = [&time] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(time.now().time_since_epoch()).count();
    };
    return std::make_shared<WallClock>(reactor, Source{[&time] { return time.epochMs(); }, steady}, false);
}

WallClock::WallClock(Reactor& reactor, Source source, bool real)
    : reactor_(reactor), source_(std::move(source)), real_(real) {}

WallClock::~WallClock() {
    if (watch_) reactor_.unwatch(watch_);
    if (stand_) reactor_.cancel(stand_);
    if (fd_ >= 0) ::close(fd_);
}

std::uint64_t WallClock::at(std::int64_t ms, OnTime call) {
    const std::lock_guard lock(mutex_);
    if (timers_.empty()) offset_ = source_.now() - source_.uptime();
    const auto number = next_++;
    timers_.emplace(std::pair(ms, number), std::move(call));
    if (timers_.begin()->first.second == number) arm();
    return number;
}

void WallClock::cancel(std::uint64_t timer) {
    const std::lock_guard lock(mutex_);
    const auto it =
        std::find_if(timers_.begin(), timers_.end(), [&](const auto& each) { return each.first.second == timer; });
    if (it == timers_.end()) return;
    const bool first = it == timers_.begin();
    timers_.erase(it);
    if (first) arm();
}

void WallClock::arm() {
    if (real_) return armKernel();
    if (stand_) reactor_.cancel(stand_);
    stand_ = 0;
    if (timers_.empty()) return;
    const std::chrono::milliseconds left(timers_.begin()->first.first - source_.now());
    stand_ = reactor_.at(reactor_.now() + left, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->look();
    });
}

void WallClock::armKernel() {
    if (fd_ < 0) {
        if (timers_.empty()) return;
        fd_ = ::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
        if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "timerfd_create");
        watch_ = reactor_.watch(fd_, TALOME_READABLE, [weak = weak_from_this()](std::uint32_t) {
            if (const auto self = weak.lock()) self->look();
        });
    }
    itimerspec when{};
    if (!timers_.empty()) {
        const auto ms = std::max<std::int64_t>(timers_.begin()->first.first, 1); // 0 would disarm it
        when.it_value.tv_sec = ms / 1000;
        when.it_value.tv_nsec = ms % 1000 * 1'000'000;
    }
    // Whether it was cancelled by a change of the clock in between does not matter: look() reads the clock.
    if (::timerfd_settime(fd_, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, nullptr) < 0 && errno != ECANCELED)
        throw std::system_error(errno, std::generic_category(), "timerfd_settime");
}

void WallClock::look() {
    std::vector<std::pair<OnTime, Why>> calls;
    {
        const std::lock_guard lock(mutex_);
        if (fd_ >= 0) {
            std::uint64_t count = 0; // or ECANCELED: whichever it is, the clock itself is asked
            [[maybe_unused]] const auto got = ::read(fd_, &count, sizeof count);
        }
        const auto now = source_.now(), offset = now - source_.uptime();
        const auto jump = std::exchange(offset_, offset) - offset;
        const bool corrected = jump > kCorrection || jump < -kCorrection;
        for (auto it = timers_.begin(); it != timers_.end() && (corrected || it->first.first <= now);) {
            calls.emplace_back(std::move(it->second), corrected ? Why::corrected : Why::due);
            it = timers_.erase(it);
        }
        arm();
        if (watch_) reactor_.rearm(watch_, TALOME_READABLE);
    }
    for (const auto& [call, why] : calls) call(why); // without the lock: most set the next one
}

} // namespace talome::tasks

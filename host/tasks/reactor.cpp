// One thread that waits for descriptors and for points in time.
#include "host/tasks/reactor.hpp"

#include "host/log/log.hpp"

#include <cerrno>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <talome/io.h>
#include <unistd.h>

namespace talome::tasks {

namespace {

constexpr std::uint64_t kWake = 0; // numbers of watches begin with 1

[[noreturn]] void failed(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

std::uint32_t toEpoll(std::uint32_t events) {
    std::uint32_t result = EPOLLONESHOT;
    if (events & TALOME_READABLE) result |= EPOLLIN | EPOLLRDHUP;
    if (events & TALOME_WRITABLE) result |= EPOLLOUT;
    return result;
}

std::uint32_t fromEpoll(std::uint32_t events) {
    std::uint32_t result = 0;
    if (events & (EPOLLIN | EPOLLRDHUP)) result |= TALOME_READABLE;
    if (events & EPOLLOUT) result |= TALOME_WRITABLE;
    if (events & (EPOLLHUP | EPOLLERR)) result |= TALOME_HANGUP;
    return result;
}

/// Nothing that one of its users throws may end the one thread that serves them all.
template <class F> void guarded(const F& call) noexcept {
    try {
        call();
    } catch (const std::exception& error) {
        log::error("host", std::string("a reactor's callback failed: ") + error.what());
    }
}

} // namespace

Reactor::Reactor(const TimeSource& time)
    : time_(time), epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (epoll_ < 0 || wake_ < 0) failed("the reactor's descriptors");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kWake;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) < 0) failed("epoll_ctl");
    thread_ = std::thread([this] { run(); });
}

Reactor::~Reactor() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake();
    thread_.join();
    ::close(wake_);
    ::close(epoll_);
}

void Reactor::wake() const {
    const std::uint64_t one = 1;
    // A full counter wakes it just as well.
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

std::uint64_t Reactor::at(Clock::time_point when, OnTime call) {
    const std::lock_guard lock(mutex_);
    const auto number = next_++;
    const auto it = timers_.emplace(when, std::pair(number, std::move(call)));
    if (it == timers_.begin()) wake();
    return number;
}

void Reactor::cancel(std::uint64_t timer) {
    const std::lock_guard lock(mutex_);
    for (auto it = timers_.begin(); it != timers_.end(); ++it)
        if (it->second.first == timer) {
            timers_.erase(it);
            return;
        }
}

std::uint64_t Reactor::watch(int fd, std::uint32_t events, OnReady ready) {
    return add({fd, std::move(ready)}, events);
}

void Reactor::onceReadable(http::Descriptor fd, OnTime call) {
    const int number = fd.get();
    add({number, [call = std::move(call)](std::uint32_t) { call(); }, std::move(fd)}, TALOME_READABLE);
}

std::uint64_t Reactor::add(Watch watch, std::uint32_t events) {
    const std::lock_guard lock(mutex_);
    const auto number = next_++;
    const int fd = watch.fd;
    watches_.emplace(number, std::move(watch));
    epoll_event event{};
    event.events = toEpoll(events);
    event.data.u64 = number;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) < 0) {
        const int code = errno;
        watches_.erase(number);
        errno = code;
        failed("watching a descriptor");
    }
    return number;
}

void Reactor::rearm(std::uint64_t number, std::uint32_t events) {
    const std::lock_guard lock(mutex_);
    const auto it = watches_.find(number);
    if (it == watches_.end()) return;
    epoll_event event{};
    event.events = toEpoll(events);
    event.data.u64 = number;
    if (epoll_ctl(epoll_, EPOLL_CTL_MOD, it->second.fd, &event) < 0) failed("watching a descriptor again");
}

void Reactor::unwatch(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    const auto it = watches_.find(number);
    if (it == watches_.end()) return;
    // Fails only if the owner has closed the descriptor already, which ends the watch as well.
    epoll_ctl(epoll_, EPOLL_CTL_DEL, it->second.fd, nullptr);
    watches_.erase(it);
}

std::optional<Reactor::Clock::time_point> Reactor::nextTimer() const {
    const std::lock_guard lock(mutex_);
    if (timers_.empty()) return std::nullopt;
    return timers_.begin()->first;
}

Activity Reactor::activity() const {
    const std::lock_guard lock(mutex_);
    return {!calling_ && (timers_.empty() || timers_.begin()->first > now()), begun_};
}

int Reactor::nextTimeout() {
    const std::lock_guard lock(mutex_);
    if (stopping_) return 0;
    if (timers_.empty()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - now()).count();
    return left < 0 ? 0 : left > 3'600'000 ? 3'600'000 : static_cast<int>(left);
}

void Reactor::runTimers() {
    for (;;) {
        OnTime call;
        {
            const std::lock_guard lock(mutex_);
            if (timers_.empty() || timers_.begin()->first > now()) return;
            call = std::move(timers_.begin()->second.second);
            timers_.erase(timers_.begin());
            calling_ = true;
            ++begun_;
        }
        guarded(call);
        const std::lock_guard lock(mutex_);
        calling_ = false;
    }
}

void Reactor::run() {
    epoll_event events[64];
    for (;;) {
        const int n = epoll_wait(epoll_, events, 64, nextTimeout());
        for (int i = 0; i < n; ++i) {
            if (events[i].data.u64 == kWake) {
                std::uint64_t count;
                [[maybe_unused]] const auto got = ::read(wake_, &count, sizeof count);
                continue;
            }
            OnReady ready;
            http::Descriptor owned; // closed after the call
            {
                const std::lock_guard lock(mutex_);
                const auto it = watches_.find(events[i].data.u64);
                if (it == watches_.end()) continue;
                ready = it->second.ready;
                owned = std::move(it->second.owned);
                if (owned) watches_.erase(it);
                calling_ = true;
                ++begun_;
            }
            guarded([&] { ready(fromEpoll(events[i].events)); });
            const std::lock_guard lock(mutex_);
            calling_ = false;
        }
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
        }
        runTimers();
    }
}

} // namespace talome::tasks

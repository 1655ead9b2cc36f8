// The engine's sense of time: closes what has idled too long, and lets the pool grow while all workers are busy.
// It sleeps until the next deadline, and without connections for ever.
#include "host/http/engine.hpp"

#include <algorithm>

namespace talome::http {

namespace {
constexpr auto kSweepEvery = std::chrono::milliseconds(100); // deadlines nearer than this are swept together
} // namespace

void Server::Engine::wakeSupervisor() {
    if (!asleep_.exchange(false)) return;
    std::lock_guard lock(supervisorMutex_); // it is in its wait, or has not looked at asleep_ yet
    supervisorWake_.notify_one();
}

void Server::Engine::sweepBy(Clock::time_point deadline) {
    auto wanted = deadline.time_since_epoch().count();
    auto planned = nextSweep_.load();
    while (wanted < planned)
        if (nextSweep_.compare_exchange_weak(planned, wanted)) return wakeSupervisor();
}

void Server::Engine::supervise() {
    constexpr auto never = Clock::time_point::max();
    Clock::time_point lastSweep{}, nextTick{};
    std::unique_lock lock(supervisorMutex_);
    while (!stopping_) {
        auto now = Clock::now();
        Clock::time_point due{Clock::duration(nextSweep_.load())};
        if (due != never) due = std::max(due, lastSweep + kSweepEvery);
        if (due <= now) {
            lock.unlock();
            nextSweep_ = never.time_since_epoch().count();
            lastSweep = now;
            auto next = sweep(now);
            if (next != never) sweepBy(next);
            lock.lock();
            continue;
        }
        if (pool_.allBusy()) {
            if (now >= nextTick) {
                pool_.tick();
                nextTick = now + options_.growTick;
            }
            supervisorWake_.wait_until(lock, std::min(due, nextTick), [this] { return stopping_; });
            continue;
        }
        asleep_ = true;
        // What changed before asleep_ was set woke nobody: look again.
        if (!pool_.allBusy() && Clock::time_point(Clock::duration(nextSweep_.load())) >= due) {
            auto awake = [this] { return stopping_ || !asleep_; };
            if (due == never)
                supervisorWake_.wait(lock, awake);
            else
                supervisorWake_.wait_until(lock, due, awake);
        }
        asleep_ = false;
    }
}

// Marks what is over time, and answers when the next one will be.
Server::Engine::Clock::time_point Server::Engine::sweep(Clock::time_point now) {
    auto next = Clock::time_point::max();
    bool draining = shared_.draining;
    std::lock_guard lock(mutex_);
    for (auto& connection : connections_) {
        if (connection->state != Connection::State::parked) continue;
        Clock::time_point deadline{Clock::duration(connection->deadline.load())};
        if (draining && connection->idle) {
            deadline += Clock::duration(grace_.load()) - options_.keepAlive;
            if (deadline <= now && connection->waiting()) deadline = now + kSweepEvery; // a worker is on its way
        }
        if (draining && connection->beforeRequest)
            deadline = std::min(deadline, Clock::time_point(Clock::duration(drainBy_.load())));
        if (deadline > now) {
            next = std::min(next, deadline);
            continue;
        }
        auto expected = Connection::State::parked;
        if (connection->state.compare_exchange_strong(expected, Connection::State::expired))
            connection->toSend ? connection->shutdown() : connection->shutdownReceive(); // wakes a worker in any case
    }
    return next;
}

} // namespace talome::http

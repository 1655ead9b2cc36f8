// One task: runs on its period or when woken, never beside itself.
#pragma once

#include "host/tasks/pool.hpp"
#include "host/tasks/reactor.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace talome::tasks {

/// Any thread. The period counts from the end of one run to the start of the next.
class Task : public std::enable_shared_from_this<Task> {
public:
    using Run = std::function<void(const std::atomic<bool>& cancelled)>;
    Task(Reactor&, Pool&, std::chrono::milliseconds period, Run);

    void activate(); ///< from now on it is due and can be woken
    /// Runs it once after `delay`; if it waits already, the earlier time counts; if it runs, once more.
    void wake(std::chrono::milliseconds delay);
    /// Cancels what waits, asks what runs to end, and waits for that.
    void quiesce();

private:
    void schedule(Reactor::Clock::time_point); // under mutex_
    void due();
    void runOnce();

    Reactor& reactor_;
    Pool& pool_;
    const std::chrono::milliseconds period_;
    const Run run_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool active_ = false, running_ = false;
    std::uint64_t timer_ = 0; ///< 0: nothing waits
    Reactor::Clock::time_point when_{};
    std::atomic<bool> cancelled_{false};
};

} // namespace talome::tasks

// A thread that does one thing after the other, and sleeps otherwise.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace talome::plugins {

/// post() by any thread.
class QueueThread {
public:
    explicit QueueThread(const char* name);
    ~QueueThread(); ///< runs what is queued, then joins
    QueueThread(const QueueThread&) = delete;
    QueueThread& operator=(const QueueThread&) = delete;

    /// What it throws is logged.
    void post(std::function<void()> job);

private:
    void work();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> jobs_;
    bool ends_ = false;
    const char* const name_;
    std::thread thread_;
};

} // namespace talome::plugins

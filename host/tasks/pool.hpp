// Threads for background work: tasks, event deliveries, descriptor callbacks. Starts with none, grows to a bound,
// and gives threads back when they were idle for ten seconds.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

namespace talome::tasks {

/// Any thread may post. What a job throws is logged; it never ends the thread.
class Pool {
public:
    explicit Pool(std::size_t most);
    ~Pool(); ///< runs what is queued, then joins

    void post(std::function<void()> job);

private:
    void work(std::list<std::thread>::iterator self);

    const std::size_t most_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> jobs_;
    std::list<std::thread> threads_, ended_;
    std::size_t idle_ = 0;
    bool stopping_ = false;
};

/// Runs jobs one after the other, on whichever thread of the pool is free.
class Strand : public std::enable_shared_from_this<Strand> {
public:
    explicit Strand(Pool& pool) : pool_(pool) {}

    void post(std::function<void()> job);
    /// Drops what is queued, takes nothing more, and waits for the job that runs, unless this is it.
    void close();
    /// Returns when all that is queued by now has run, or it is closed; at once if this is one of its jobs.
    void flush();
    /// Whether this thread runs one of its jobs: to wait for another one would be to wait for itself.
    bool isHere();

private:
    void run();

    Pool& pool_;
    std::mutex mutex_;
    std::condition_variable idle_;
    std::deque<std::function<void()>> jobs_;
    std::thread::id runningOn_;
    bool running_ = false, closed_ = false;
};

} // namespace talome::tasks

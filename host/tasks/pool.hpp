// Threads for background work: tasks, event deliveries, descriptor callbacks. Starts with none, grows to a bound,
// and gives threads back when they were idle for ten seconds.
#pragma once

#include "host/tasks/time_source.hpp"

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
    Activity activity() const; ///< a job that waits for a thread counts

private:
    void work(std::list<std::thread>::iterator self);

    const std::size_t most_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> jobs_;
    std::list<std::thread> threads_, ended_;
    std::size_t idle_ = 0, working_ = 0;
    std::uint64_t begun_ = 0; ///< jobs
    bool stopping_ = false;
};

/// How work comes to a thread.
using Post = std::function<void(std::function<void()>)>;
inline Post postTo(Pool& pool) {
    return [&pool](std::function<void()> job) { pool.post(std::move(job)); };
}

/// Some of the pool's threads, at most so many at once: what is more waits, so that one owner leaves some to the others.
/// Any thread.
class Share : public std::enable_shared_from_this<Share> {
public:
    Share(Pool& pool, std::size_t most) : pool_(pool), most_(most) {}
    void post(std::function<void()> job);

private:
    void run(const std::function<void()>& job);

    Pool& pool_;
    const std::size_t most_;
    std::mutex mutex_;
    std::deque<std::function<void()>> waiting_;
    std::size_t running_ = 0;
};
inline Post postTo(std::shared_ptr<Share> share) {
    return [share = std::move(share)](std::function<void()> job) { share->post(std::move(job)); };
}

/// Runs jobs one after the other, on whichever thread is free.
class Strand : public std::enable_shared_from_this<Strand> {
public:
    explicit Strand(Pool& pool) : Strand(postTo(pool)) {}
    explicit Strand(Post post) : post_(std::move(post)) {}

    void post(std::function<void()> job);
    /// Drops what is queued, takes nothing more, and waits for the job that runs, unless this is it.
    void close();
    /// Returns when all that is queued by now has run, or it is closed; at once if this is one of its jobs.
    void flush();
    /// Whether this thread runs one of its jobs: to wait for another one would be to wait for itself.
    bool isHere();

private:
    void run();

    const Post post_;
    std::mutex mutex_;
    std::condition_variable idle_;
    std::deque<std::function<void()>> jobs_;
    std::thread::id runningOn_;
    bool running_ = false, closed_ = false;
};

} // namespace talome::tasks

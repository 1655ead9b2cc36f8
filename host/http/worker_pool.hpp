// The engine's threads: a fixed number that stays, and more while all of them wait for something slow.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace talome::http {

/// With t = the tick: grows by 4 when for a whole t no worker was idle and none finished a request; a worker above the
/// minimum leaves after `extraIdle` without work. The owner calls tick(), and only while allBusy(): no timer runs in
/// an idle server. start() and stop() belong to one thread, the rest to any.
class WorkerPool {
public:
    struct Limits {
        unsigned min, max;
        std::chrono::milliseconds extraIdle;
    };

    /// What a worker tells the pool about itself.
    class Worker {
    public:
        explicit Worker(WorkerPool& pool) : pool_(pool) {}
        /// Around a wait for work: -1 for as long as it takes, else milliseconds.
        int beginWait();
        void endWait();
        void finished() { pool_.finished_.fetch_add(1, std::memory_order_relaxed); }
        /// After a wait without work: true if the worker should return.
        bool mayLeave();

    private:
        friend class WorkerPool;
        WorkerPool& pool_;
        std::thread thread_;
        std::atomic<bool> gone_{false};
    };

    /// `run` is a worker's life; `onAllBusy` is called by the worker that was the last idle one.
    WorkerPool(Limits limits, std::function<void(Worker&)> run, std::function<void()> onAllBusy);
    ~WorkerPool();

    void start();
    /// Waits for all workers; the owner has made their run() return.
    void stop();

    bool allBusy() const { return idle_.load() <= 0; }
    /// To be called once in a tick. Grows if the rule says so.
    void tick();

    unsigned size() const { return size_.load(std::memory_order_relaxed); }
    unsigned idle() const;

private:
    void grow(unsigned by);

    const Limits limits_;
    const std::function<void(Worker&)> run_;
    const std::function<void()> onAllBusy_;
    std::atomic<int> idle_{0};
    std::atomic<unsigned> size_{0};
    std::atomic<std::uint64_t> finished_{0};
    std::uint64_t finishedAtTick_ = 0; ///< tick()'s own
    bool busyAtTick_ = false;
    std::mutex mutex_;
    std::list<Worker> workers_;
    bool stopping_ = false;
};

} // namespace talome::http

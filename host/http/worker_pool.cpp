#include "host/http/worker_pool.hpp"

#include <algorithm>
#include <system_error>

namespace talome::http {

namespace {
constexpr unsigned kGrowth = 4;
}

int WorkerPool::Worker::beginWait() {
    pool_.idle_.fetch_add(1);
    bool extra = pool_.size() > pool_.limits_.min;
    return extra ? static_cast<int>(pool_.limits_.extraIdle.count()) : -1;
}

void WorkerPool::Worker::endWait() {
    if (pool_.idle_.fetch_sub(1) == 1) pool_.onAllBusy_();
}

bool WorkerPool::Worker::mayLeave() {
    auto size = pool_.size_.load();
    while (size > pool_.limits_.min)
        if (pool_.size_.compare_exchange_weak(size, size - 1)) return true;
    return false;
}

WorkerPool::WorkerPool(Limits limits, std::function<void(Worker&)> run, std::function<void()> onAllBusy)
    : limits_(limits), run_(std::move(run)), onAllBusy_(std::move(onAllBusy)) {}

WorkerPool::~WorkerPool() { stop(); }

void WorkerPool::start() { grow(limits_.min); }

void WorkerPool::stop() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    lock.unlock(); // nothing is added any more
    for (auto& worker : workers_)
        if (worker.thread_.joinable()) worker.thread_.join();
    workers_.clear();
}

void WorkerPool::tick() {
    auto finished = finished_.load(std::memory_order_relaxed);
    bool busy = allBusy();
    if (busy && busyAtTick_ && finished == finishedAtTick_) grow(kGrowth);
    busyAtTick_ = busy;
    finishedAtTick_ = finished;
}

unsigned WorkerPool::idle() const { return static_cast<unsigned>(std::max(0, idle_.load(std::memory_order_relaxed))); }

void WorkerPool::grow(unsigned by) {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    workers_.remove_if([](Worker& worker) {
        if (!worker.gone_) return false;
        worker.thread_.join();
        return true;
    });
    for (; by > 0 && size_.load() < limits_.max; --by) {
        auto& worker = workers_.emplace_back(*this);
        size_.fetch_add(1);
        try {
            worker.thread_ = std::thread([this, &worker] {
                run_(worker);
                worker.gone_ = true;
            });
        } catch (const std::system_error&) {
            // No thread to be had: those that exist go on. Without any, the server cannot work.
            size_.fetch_sub(1);
            workers_.pop_back();
            if (size_.load() == 0) throw;
            return;
        }
    }
}

} // namespace talome::http

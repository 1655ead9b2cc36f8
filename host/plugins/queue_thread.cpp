#include "host/plugins/queue_thread.hpp"

#include "host/log/log.hpp"

#include <pthread.h>
#include <string>

namespace talome::plugins {

QueueThread::QueueThread(const char* name) : name_(name), thread_([this] { work(); }) {}

QueueThread::~QueueThread() {
    {
        const std::lock_guard lock(mutex_);
        ends_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void QueueThread::post(std::function<void()> job) {
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
}

void QueueThread::work() {
    ::pthread_setname_np(::pthread_self(), name_);
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [&] { return ends_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        auto job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        try {
            job();
        } catch (const std::exception& error) {
            log::error("host", std::string(name_) + ": " + error.what());
        }
        job = nullptr; // with what it holds, outside of the lock
        lock.lock();
    }
}

} // namespace talome::plugins

#include "host/plugins/lifecycle_thread.hpp"

#include "host/gate/gate.hpp"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <pthread.h>
#include <thread>

namespace talome::plugins {

namespace {
std::atomic<bool> leftBehind{false};
}

/// What the thread and its owner have in common; the thread's alone when it has been left behind.
struct LifecycleThread::Shared {
    std::mutex mutex;
    std::condition_variable wake, done;
    std::function<talome_status()> body;
    Result result;
    std::exception_ptr thrown;
    bool busy = false, ends = false;
    std::thread thread;

    void work() {
        ::pthread_setname_np(::pthread_self(), "lifecycle");
        std::unique_lock lock(mutex);
        for (;;) {
            wake.wait(lock, [&] { return ends || busy; });
            if (!busy) return;
            auto now = std::move(body);
            lock.unlock();
            Result got;
            std::exception_ptr threw;
            gate::lastWords().clear();
            try {
                got.status = now();
            } catch (...) {
                threw = std::current_exception();
            }
            got.words = std::exchange(gate::lastWords(), {});
            now = nullptr;
            lock.lock();
            result = std::move(got);
            thrown = threw;
            busy = false;
            done.notify_all();
        }
    }
};

LifecycleThread::~LifecycleThread() {
    if (!shared_) return;
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->ends = true;
    }
    shared_->wake.notify_all();
    shared_->thread.join();
}

LifecycleThread::Result LifecycleThread::run(const std::string& what, std::function<talome_status()> body) {
    if (!shared_) {
        shared_ = std::make_shared<Shared>();
        shared_->thread = std::thread([shared = shared_] { shared->work(); });
    }
    std::unique_lock lock(shared_->mutex);
    shared_->body = std::move(body);
    shared_->busy = true;
    shared_->wake.notify_all();
    if (!shared_->done.wait_for(lock, limit_, [&] { return !shared_->busy; })) {
        leftBehind = true;
        shared_->ends = true; // when it comes back after all
        shared_->thread.detach();
        lock.unlock();
        shared_.reset();
        const auto seconds = std::chrono::duration<double>(limit_).count();
        auto text = std::to_string(seconds);
        text.erase(text.find_last_not_of('0') + 1);
        if (text.ends_with('.')) text.pop_back();
        throw Late(what + " has not returned within " + text + " s");
    }
    if (shared_->thrown) std::rethrow_exception(std::exchange(shared_->thrown, nullptr));
    return std::exchange(shared_->result, {});
}

bool LifecycleThread::anyLeftBehind() { return leftBehind; }

} // namespace talome::plugins

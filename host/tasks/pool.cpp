// Threads for background work, and strands over them.
#include "host/tasks/pool.hpp"

#include "host/log/log.hpp"

#include <chrono>
#include <system_error>

namespace talome::tasks {

namespace {

void guarded(const std::function<void()>& job) noexcept {
    try {
        job();
    } catch (const std::exception& error) {
        log::error("host", std::string("background work failed: ") + error.what());
    }
}

} // namespace

Pool::Pool(std::size_t most) : most_(most) {}

Pool::~Pool() {
    std::list<std::thread> all;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            all.splice(all.end(), ended_);
            if (all.empty() && threads_.empty()) return;
        }
        for (auto& thread : all) thread.join();
        all.clear();
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return !ended_.empty() || threads_.empty(); });
    }
}

void Pool::post(std::function<void()> job) {
    std::list<std::thread> finished;
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
        finished.splice(finished.end(), ended_);
        if (idle_ < jobs_.size() && threads_.size() < most_) {
            const auto self = threads_.emplace(threads_.end());
            try {
                *self = std::thread([this, self] { work(self); }); // waits for mutex_, so *self is set by then
            } catch (const std::system_error& error) {
                threads_.erase(self); // the job waits for a thread that there is, or for the next post
                log::error("host", std::string("no thread for background work: ") + error.what());
            }
        }
    }
    wake_.notify_one();
    for (auto& thread : finished) thread.join();
}

void Pool::work(std::list<std::thread>::iterator self) {
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        const bool some = wake_.wait_for(lock, std::chrono::seconds(10), [&] { return stopping_ || !jobs_.empty(); });
        --idle_;
        if (jobs_.empty() && (stopping_ || !some)) break;
        const auto job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        guarded(job);
        lock.lock();
    }
    ended_.splice(ended_.end(), threads_, self);
    wake_.notify_all();
}

void Strand::post(std::function<void()> job) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return;
        jobs_.push_back(std::move(job));
        if (running_) return;
        running_ = true;
    }
    pool_.post([self = shared_from_this()] { self->run(); });
}

void Strand::run() {
    std::unique_lock lock(mutex_);
    runningOn_ = std::this_thread::get_id();
    // A few at a time, so that one busy strand does not keep a thread to itself.
    for (int i = 0; i < 16 && !jobs_.empty(); ++i) {
        const auto job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        guarded(job);
        lock.lock();
    }
    runningOn_ = {};
    if (jobs_.empty()) {
        running_ = false;
        idle_.notify_all();
        return;
    }
    lock.unlock();
    pool_.post([self = shared_from_this()] { self->run(); });
}

void Strand::flush() {
    struct Passed {
        std::mutex mutex;
        std::condition_variable all;
        bool now = false;
    };
    /// Says so when it has run, or was dropped unrun.
    struct Mark {
        std::shared_ptr<Passed> passed;
        explicit Mark(std::shared_ptr<Passed> of) : passed(std::move(of)) {}
        Mark(const Mark&) = delete;
        Mark& operator=(const Mark&) = delete;
        ~Mark() {
            {
                const std::lock_guard lock(passed->mutex);
                passed->now = true;
            }
            passed->all.notify_all();
        }
    };
    if (isHere()) return;
    const auto passed = std::make_shared<Passed>();
    post([mark = std::make_shared<Mark>(passed)] { static_cast<void>(mark); });
    std::unique_lock lock(passed->mutex);
    passed->all.wait(lock, [&] { return passed->now; });
}

bool Strand::isHere() {
    const std::lock_guard lock(mutex_);
    return runningOn_ == std::this_thread::get_id();
}

void Strand::close() {
    std::deque<std::function<void()>> dropped;
    std::unique_lock lock(mutex_);
    closed_ = true;
    dropped.swap(jobs_);
    if (runningOn_ == std::this_thread::get_id()) return;
    idle_.wait(lock, [&] { return !running_; });
}

} // namespace talome::tasks

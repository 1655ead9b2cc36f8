// Keeps one plugin from taking all workers: of the calls that come in from outside, so many may run at once.
#pragma once

#include "host/crash/usage.hpp"
#include "host/gate/failure.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

namespace talome::gate {

/// One for each plugin. Any thread.
class Bulkhead {
public:
    explicit Bulkhead(unsigned most) : most_(most) {}

    /// While it lives, the call counts. Throws Failure: 503 with Retry-After.
    class Place {
    public:
        Place(Bulkhead* bulkhead, crash::Usage& usage) : bulkhead_(bulkhead) {
            if (!bulkhead_ || bulkhead_->running_.fetch_add(1, std::memory_order_relaxed) < bulkhead_->most_) return;
            bulkhead_->running_.fetch_sub(1, std::memory_order_relaxed);
            usage.refused.fetch_add(1, std::memory_order_relaxed);
            Failure failure(TALOME_E_UNAVAILABLE, usage.plugin() + " is busy with " + std::to_string(bulkhead_->most_) +
                                                      " calls, which is all that one plugin may run at once");
            failure.retryAfter = 1;
            bulkhead_ = nullptr;
            throw failure;
        }
        /// For what has begun and goes on: it counts, and is never refused.
        explicit Place(Bulkhead& bulkhead) : bulkhead_(&bulkhead) {
            bulkhead_->running_.fetch_add(1, std::memory_order_relaxed);
        }
        ~Place() { release(); }
        /// Before its end: it counts no more.
        void release() {
            if (auto* from = std::exchange(bulkhead_, nullptr)) from->running_.fetch_sub(1, std::memory_order_relaxed);
        }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

    private:
        Bulkhead* bulkhead_;
    };

    unsigned running() const { return running_.load(std::memory_order_relaxed); }

private:
    const unsigned most_;
    std::atomic<unsigned> running_{0};
};

} // namespace talome::gate

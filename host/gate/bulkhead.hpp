// Keeps one plugin from taking all workers: of the calls that come in from outside, so many may run at once.
#pragma once

#include "host/gate/failure.hpp"

#include <atomic>
#include <cstdint>
#include <string>

namespace talome::gate {

/// One for each plugin. Any thread.
class Bulkhead {
public:
    explicit Bulkhead(unsigned most) : most_(most) {}

    /// While it lives, the call counts. Throws Failure: 503 with Retry-After.
    class Place {
    public:
        Place(Bulkhead* bulkhead, const std::string& plugin) : bulkhead_(bulkhead) {
            if (!bulkhead_ || bulkhead_->running_.fetch_add(1, std::memory_order_relaxed) < bulkhead_->most_) return;
            bulkhead_->running_.fetch_sub(1, std::memory_order_relaxed);
            bulkhead_->refused_.fetch_add(1, std::memory_order_relaxed);
            Failure failure(TALOME_E_UNAVAILABLE, plugin + " is busy with " + std::to_string(bulkhead_->most_) +
                                                      " calls, which is all that one plugin may run at once");
            failure.retryAfter = 1;
            bulkhead_ = nullptr;
            throw failure;
        }
        ~Place() {
            if (bulkhead_) bulkhead_->running_.fetch_sub(1, std::memory_order_relaxed);
        }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

    private:
        Bulkhead* bulkhead_;
    };

    unsigned running() const { return running_.load(std::memory_order_relaxed); }
    std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

private:
    const unsigned most_;
    std::atomic<unsigned> running_{0};
    std::atomic<std::uint64_t> refused_{0};
};

} // namespace talome::gate

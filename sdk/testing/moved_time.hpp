// The clock of a test: it stands still until it is moved.
#pragma once

#include "host/tasks/time_source.hpp"

#include <mutex>

namespace talome::testing {

/// Any thread.
class MovedTime : public tasks::TimeSource {
public:
    explicit MovedTime(std::int64_t epochMs) : now_(Clock::now()), epochMs_(epochMs) {}

    Clock::time_point now() const override {
        const std::lock_guard lock(mutex_);
        return now_;
    }
    std::int64_t epochMs() const override {
        const std::lock_guard lock(mutex_);
        return epochMs_;
    }
    /// Never back. The wall clock's milliseconds are whole ones after each move that is.
    void moveTo(Clock::time_point when) {
        const std::lock_guard lock(mutex_);
        if (when <= now_) return;
        rest_ += when - now_;
        now_ = when;
        const auto whole = std::chrono::floor<std::chrono::milliseconds>(rest_);
        epochMs_ += whole.count();
        rest_ -= whole;
    }

private:
    mutable std::mutex mutex_;
    Clock::time_point now_;
    Clock::duration rest_{0};
    std::int64_t epochMs_;
};

} // namespace talome::testing

// Who is inside of something that may end: a plugin's code must not go while a call, a stream or an upload is in it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace talome::gate {

/// One for each generation of a plugin. Any thread; close() and reopen() by the lifecycle's alone. Two atomic
/// operations a call.
class Drain {
public:
    /// Keeps it from being empty. Movable; may end on any thread.
    class Hold {
    public:
        Hold() = default;
        Hold(Hold&& other) noexcept : of_(std::move(other.of_)) {}
        Hold& operator=(Hold&& other) noexcept {
            if (this != &other) {
                release();
                of_ = std::move(other.of_);
            }
            return *this;
        }
        ~Hold() { release(); }
        explicit operator bool() const { return of_ != nullptr; }
        void release() {
            if (const auto of = std::exchange(of_, nullptr)) of->leave();
        }

    private:
        friend class Drain;
        explicit Hold(std::shared_ptr<Drain> of) : of_(std::move(of)) {}
        std::shared_ptr<Drain> of_;
    };

    /// Empty if it is closed.
    static Hold enter(const std::shared_ptr<Drain>& drain) {
        auto now = drain->state_.load(std::memory_order_relaxed);
        do {
            if (now & kClosed) return {};
        } while (!drain->state_.compare_exchange_weak(now, now + 1, std::memory_order_acquire));
        return Hold(drain);
    }
    /// For whoever is inside already, by another hold that outlives this call.
    static Hold again(const std::shared_ptr<Drain>& drain) {
        drain->state_.fetch_add(1, std::memory_order_relaxed);
        return Hold(drain);
    }

    /// Nobody enters any more. `onEmpty` is called once, by whoever leaves last or at once; it must be short.
    void close(std::function<void()> onEmpty) {
        onEmpty_ = std::move(onEmpty);
        if ((state_.fetch_or(kClosed, std::memory_order_acq_rel) & ~kClosed) == 0) empty();
    }
    void reopen() {
        cancelled_ = false;
        state_.fetch_and(~kClosed, std::memory_order_release);
    }
    /// Asks those who are inside to leave; they see it when they ask whether their call is cancelled.
    void cancel() { cancelled_ = true; }
    bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

private:
    static constexpr std::uint32_t kClosed = 1u << 31;

    void leave() {
        if (state_.fetch_sub(1, std::memory_order_acq_rel) == (kClosed | 1)) empty();
    }
    void empty() {
        if (const auto call = std::exchange(onEmpty_, nullptr)) call();
    }

    std::atomic<std::uint32_t> state_{0};
    std::atomic<bool> cancelled_{false};
    std::function<void()> onEmpty_;
};

/// Thrown before anything was done: what was to be called has just been replaced or ended. Look again at what can be
/// called now.
struct Superseded {};

} // namespace talome::gate

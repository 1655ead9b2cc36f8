// Looks after the calls that run: one whose time is over is counted and logged, and its caller is answered, though its
// handler does not return.
#pragma once

#include "host/gate/call.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

namespace talome::gate {

/// Any thread. Asleep while nothing runs: it looks twice a second while something does.
class CallWatch {
public:
    /// Calls a function after a while, on another thread.
    using Later = std::function<void(std::chrono::milliseconds, std::function<void()>)>;
    explicit CallWatch(Later later) : later_(std::move(later)) {}

    void wake() {
        if (!awake_.load() && !awake_.exchange(true)) plan();
    }

private:
    void plan();
    void look();

    const Later later_;
    std::atomic<bool> awake_{false};
};

/// On the stack of the thread that serves the call, around its handler. Counts it, and sets its deadline: the
/// operation's own, or that of the call around it if that comes first.
///
/// A handler that asks cancelled() has half a second from the deadline on to return by itself; then its caller is
/// answered 504 over its head. The thread is not taken away from it: that cannot be done to code in this process.
class RunningCall {
public:
    using Clock = std::chrono::steady_clock;

    /// `watch` null: nobody looks. `exchange` null: nobody is to be answered.
    RunningCall(CallWatch* watch, talome_call&, const Endpoint&, http::Exchange* exchange);
    ~RunningCall() { end(); }
    RunningCall(const RunningCall&) = delete;
    RunningCall& operator=(const RunningCall&) = delete;

    /// The handler has returned. True: its caller has been answered already.
    bool end();
    /// The words for a caller whose time is over.
    std::string late() const;

private:
    friend class CallWatch;
    struct Slot;
    struct Registered;
    static Slot& slotOfThread();
    void tell();

    const Endpoint& endpoint_;
    const std::string& requestId_;
    http::Exchange* const exchange_;
    Slot* slot_ = nullptr; ///< null: it has no deadline, or nobody looks
    RunningCall* outer_ = nullptr;
    Clock::time_point due_{};
    bool ended_ = false;
    bool told_ = false, answered_ = false; ///< under the slot's mutex
};

} // namespace talome::gate

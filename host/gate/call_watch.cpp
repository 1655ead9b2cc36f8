// Looks after the calls that run. A thread says in a slot of its own what it runs, without a lock; whoever looks claims
// the slot of an overdue call, and the thread, when the handler returns, waits for him before it goes on.
#include "host/gate/call_watch.hpp"

#include "host/http/error.hpp"
#include "host/http/exchange.hpp"
#include "host/log/log.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <list>
#include <mutex>

namespace talome::gate {

namespace {

constexpr auto kEvery = std::chrono::milliseconds(500);
constexpr auto kGrace = std::chrono::milliseconds(500);
constexpr RunningCall::Clock::rep kNothing = 0, kClaimed = -1;

std::string seconds(std::chrono::milliseconds time) {
    const auto count = time.count();
    return count % 1000 ? std::to_string(count) + " ms" : std::to_string(count / 1000) + " s";
}

} // namespace

/// Of one thread. `top` may be read by others under `mutex` once `due` is claimed.
struct RunningCall::Slot {
    std::mutex mutex;
    std::atomic<Clock::rep> due{kNothing}; ///< of the innermost call
    RunningCall* top = nullptr;
};

struct RunningCall::Registered {
    struct All {
        std::mutex mutex;
        std::list<Slot*> slots;
    };
    static All& all() {
        static auto* const one = new All; // never destroyed: threads may end after the program's statics
        return *one;
    }

    Registered() {
        const std::lock_guard lock(all().mutex);
        place = all().slots.insert(all().slots.end(), &slot);
    }
    ~Registered() {
        const std::lock_guard lock(all().mutex);
        all().slots.erase(place);
    }
    Registered(const Registered&) = delete;
    Registered& operator=(const Registered&) = delete;

    Slot slot;
    std::list<Slot*>::iterator place;
};

RunningCall::Slot& RunningCall::slotOfThread() {
    static thread_local Registered registered;
    return registered.slot;
}

RunningCall::RunningCall(CallWatch* watch, talome_call& call, const Endpoint& endpoint, http::Exchange* exchange)
    : endpoint_(endpoint), requestId_(call.requestId), exchange_(exchange) {
    endpoint.usage.calls.fetch_add(1, std::memory_order_relaxed);
    endpoint.usage.running.fetch_add(1, std::memory_order_relaxed);
    if (endpoint.declared.kind != manifest::Kind::call || endpoint.timeLimit.count() <= 0) return;
    const auto now = Clock::now();
    const auto own = now + endpoint.timeLimit;
    if (own < call.expires || !call.deadlineMs) {
        using namespace std::chrono;
        call.expires = own;
        call.deadlineMs =
            duration_cast<milliseconds>((system_clock::now() + endpoint.timeLimit).time_since_epoch()).count();
    }
    if (!watch) return;
    due_ = call.expires + kGrace;
    slot_ = &slotOfThread();
    if (slot_->top) {
        const std::lock_guard lock(slot_->mutex);
        outer_ = std::exchange(slot_->top, this);
        slot_->due = due_.time_since_epoch().count();
    } else {
        slot_->top = this;
        slot_->due = due_.time_since_epoch().count();
    }
    watch->wake();
}

bool RunningCall::end() {
    if (std::exchange(ended_, true)) return answered_;
    endpoint_.usage.running.fetch_sub(1, std::memory_order_relaxed);
    if (!slot_) return false;
    auto mine = due_.time_since_epoch().count();
    if (outer_) {
        const std::lock_guard lock(slot_->mutex);
        slot_->top = outer_;
        slot_->due = outer_->told_ ? kClaimed : outer_->due_.time_since_epoch().count();
    } else if (slot_->due.compare_exchange_strong(mine, kNothing)) {
        slot_->top = nullptr;
    } else {
        const std::lock_guard lock(slot_->mutex); // somebody looks at it just now, or has
        slot_->due = kNothing;
        slot_->top = nullptr;
    }
    return answered_;
}

std::string RunningCall::late() const {
    return endpoint_.declared.id + " did not answer within " + seconds(endpoint_.timeLimit) + ", its time limit" +
           (outer_ ? " or that of the call around it" : "");
}

void RunningCall::tell() {
    told_ = true;
    endpoint_.usage.overdue.fetch_add(1, std::memory_order_relaxed);
    boost::json::object fields{{"operation", endpoint_.declared.id}, {"requestId", requestId_}};
    if (!endpoint_.declared.routes.empty())
        fields["route"] = endpoint_.declared.routes[0].method + " " + endpoint_.declared.routes[0].path;
    log::warn(endpoint_.plugin, late() + ", and still runs; its thread is not free before it returns",
              boost::json::serialize(fields));
    if (!exchange_) return;
    try {
        exchange_->answerForHandler(http::HttpError(504, late()));
        answered_ = true;
    } catch (const http::ClientGone&) {
        answered_ = true; // who has left needs no answer
    }
}

void CallWatch::plan() {
    later_(kEvery, [this] { look(); });
}

void CallWatch::look() {
    const auto somethingRuns = [] {
        auto& all = RunningCall::Registered::all();
        const std::lock_guard lock(all.mutex);
        return std::any_of(all.slots.begin(), all.slots.end(), [](const auto* slot) { return slot->due != kNothing; });
    };
    const auto now = RunningCall::Clock::now();
    {
        auto& all = RunningCall::Registered::all();
        const std::lock_guard lock(all.mutex);
        for (auto* slot : all.slots) {
            const std::lock_guard claim(slot->mutex);
            auto due = slot->due.load();
            if (due == kNothing || due > now.time_since_epoch().count()) continue;
            if (due != kClaimed && !slot->due.compare_exchange_strong(due, kClaimed)) continue; // it has just ended
            for (auto* call = slot->top; call; call = call->outer_)
                if (!call->told_ && call->due_ <= now) call->tell();
        }
    }
    if (somethingRuns()) return plan();
    awake_ = false;
    if (somethingRuns()) wake(); // one that began when it was thought to be awake
}

} // namespace talome::gate

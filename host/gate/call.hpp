// The context of one call, behind the ABI's opaque talome_call.
#pragma once

#include "host/gate/principal.hpp"
#include "host/gate/registry.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace talome::gate {

/// What whoever makes a call inside a call wants to hear of it, and can answer. Each function may be null.
struct CallerLink {
    int32_t (*stopped)(void* user) noexcept = nullptr; ///< any thread
    void (*told)(void* user, talome_str kind, talome_bytes json) noexcept = nullptr;
    talome_status (*asked)(void* user, talome_str key, talome_str kind, talome_bytes question, talome_sink answer,
                           void* to) noexcept = nullptr;
    void* user = nullptr;
};

} // namespace talome::gate

/// Lives on the stack of the thread that serves the call.
struct talome_call {
    std::shared_ptr<const talome::gate::Principal> principal;
    std::shared_ptr<const talome::gate::Snapshot> snapshot; ///< one view of the operations for the whole call
    std::string requestId;
    std::int64_t deadlineMs = 0; ///< since the epoch; 0: none
    std::chrono::steady_clock::time_point expires = std::chrono::steady_clock::time_point::max(); ///< the same
    std::function<bool()> cancelled; ///< may be asked from any thread while the call lasts; empty: never
    int depth = 0;                   ///< calls inside calls
    int status = 0;                  ///< set by the handler; 0: the route's
    std::vector<std::pair<std::string, std::string>> headers; ///< set by the handler
    std::string plugin;         ///< that makes the call for its caller; empty: the caller itself
    std::string approval;       ///< id of a person's leave for this call, as the caller names it; empty: none
    std::string idempotencyKey; ///< as a REST caller names it; empty: none
    std::string job;            ///< the last one that the handler has begun; empty: none
    unsigned jobsBegun = 0;
    /// Of a call that outlasts requests, a job's: brings principal and snapshot up to now. Throws Failure if its user
    /// may not do it any more. Null for all others.
    std::function<void(talome_call&)> renew;
    bool passed = false;                            ///< the gate let it through already, at an earlier visit
    bool secure = false;                            ///< the caller came by HTTPS, to this server or to a trusted proxy
    const talome::gate::Drain* inside = nullptr;    ///< of the plugin that serves the call; null: the host's own
    std::optional<talome::manifest::Tier> tier;     ///< of this input, once it is known; none: the operation's
    const talome::gate::CallerLink* link = nullptr; ///< of the nearest call around that has one; null: nobody listens
    bool relayed = false; ///< a proxy that is not trusted stands between: the peer's address proves nothing
};

namespace talome::gate {

/// Nobody waits for the answer any more, its time is over, or the plugin must end: by any thread while the call lasts.
inline bool isCancelled(const talome_call& call) {
    return (call.inside && call.inside->cancelled()) ||
           (call.deadlineMs && std::chrono::steady_clock::now() >= call.expires) ||
           (call.cancelled && call.cancelled());
}

/// One use of a call, on the thread that serves it. A job's has a snapshot only as long as that: kept for hours it
/// would keep plugins in memory that were replaced long ago.
class CallUse {
public:
    explicit CallUse(talome_call& call) : call_(call) {
        if (call_.renew) call_.renew(call_);
    }
    ~CallUse() {
        if (call_.renew) call_.snapshot.reset();
    }
    CallUse(const CallUse&) = delete;
    CallUse& operator=(const CallUse&) = delete;

private:
    talome_call& call_;
};

} // namespace talome::gate

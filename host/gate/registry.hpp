// What can be called at this moment: an immutable snapshot of all operations, routes and flags, swapped as a whole.
#pragma once

#include "host/crash/scope.hpp"
#include "host/gate/bulkhead.hpp"
#include "host/gate/drain.hpp"
#include "host/gate/principal.hpp"
#include "host/gate/schema.hpp"
#include "host/http/exchange.hpp"
#include "host/http/router.hpp"
#include "sdk/manifest/manifest.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <talome/operations.h>

namespace talome::gate {

/// One operation with the code behind it.
struct Endpoint {
    manifest::Operation declared;
    Schema input;
    talome_invoke invoke = nullptr;
    void* user = nullptr;
    /// Of every kind but a call, instead of invoke: answers the request itself. False: it waits for the body, and is
    /// called again. What goes wrong is thrown.
    std::function<bool(talome_call&, const std::string& input, http::Exchange&)> wire;
    bool lateAuthentication = false;          ///< a WebSocket whose client may say who it is in its first message
    std::string plugin;                       ///< "host" or a plugin's id
    std::shared_ptr<Bulkhead> bulkhead;       ///< null: the host's own
    std::shared_ptr<http::Holdings> holdings; ///< of its connections; null: the host's own
    std::chrono::milliseconds timeLimit{0};   ///< for a call; 0: none, the host's own
    crash::Usage& usage;                      ///< what calls of this plugin cost
    std::shared_ptr<Drain> drain;             ///< of its generation: who calls holds it; null: the host's own
};

struct Routed {
    std::shared_ptr<const Endpoint> endpoint;
    const manifest::Route* route; ///< of endpoint->declared
};

struct Offers;

struct Snapshot {
    std::map<std::string, std::shared_ptr<const Endpoint>, std::less<>> operations;
    std::map<std::string, http::Router<Routed>, std::less<>> routers; ///< by listener; "": the server's own
    Flags flags;
    std::shared_ptr<const Offers> offers; ///< null: none
};

/// Any thread reads; the lifecycle thread publishes.
class Registry {
public:
    std::shared_ptr<const Snapshot> snapshot() const {
        const std::lock_guard lock(mutex_); // for the copy of a pointer only
        return snapshot_;
    }
    void publish(std::shared_ptr<const Snapshot> next) {
        {
            const std::lock_guard lock(mutex_);
            snapshot_.swap(next);
        } // the old one is released outside of the lock
        if (published_) published_();
    }
    /// Called after each. Before any other thread runs.
    void onPublished(std::function<void()> call) { published_ = std::move(call); }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Snapshot> snapshot_ = std::make_shared<Snapshot>();
    std::function<void()> published_;
};

} // namespace talome::gate

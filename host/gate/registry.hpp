// What can be called at this moment: an immutable snapshot of all operations, routes and flags, swapped as a whole.
#pragma once

#include "host/gate/bulkhead.hpp"
#include "host/gate/drain.hpp"
#include "host/gate/principal.hpp"
#include "host/gate/schema.hpp"
#include "host/http/exchange.hpp"
#include "host/http/router.hpp"
#include "sdk/manifest/manifest.hpp"

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
    bool lateAuthentication = false;    ///< a WebSocket whose client may say who it is in its first message
    std::string plugin;                 ///< "host" or a plugin's id
    std::shared_ptr<Bulkhead> bulkhead; ///< null: the host's own
    std::shared_ptr<Drain> drain;       ///< of its generation: who calls holds it; null: the host's own, always there
};

struct Routed {
    std::shared_ptr<const Endpoint> endpoint;
    const manifest::Route* route; ///< of endpoint->declared
};

struct Snapshot {
    std::map<std::string, std::shared_ptr<const Endpoint>, std::less<>> operations;
    std::map<std::string, http::Router<Routed>, std::less<>> routers; ///< by listener; "": the server's own
    Flags flags;
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
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Snapshot> snapshot_ = std::make_shared<Snapshot>();
};

} // namespace talome::gate

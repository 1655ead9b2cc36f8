// The context of one call, behind the ABI's opaque talome_call.
#pragma once

#include "host/gate/principal.hpp"
#include "host/gate/registry.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// Lives on the stack of the thread that serves the call.
struct talome_call {
    std::shared_ptr<const talome::gate::Principal> principal;
    std::shared_ptr<const talome::gate::Snapshot> snapshot; ///< one view of the operations for the whole call
    std::string requestId;
    std::int64_t deadlineMs = 0;     ///< since the epoch; 0: none
    std::function<bool()> cancelled; ///< may be asked from any thread while the call lasts; empty: never
    int depth = 0;                   ///< calls inside calls
    int status = 0;                  ///< set by the handler; 0: the route's
    std::vector<std::pair<std::string, std::string>> headers; ///< set by the handler
    std::string plugin;   ///< that makes the call for its caller; empty: the caller itself
    std::string approval; ///< id of a person's leave for this call, as the caller names it; empty: none
    bool passed = false;  ///< the gate let it through already, at an earlier visit
    bool secure = false;  ///< the caller came by HTTPS, to this server or to a trusted proxy
    const talome::gate::Drain* inside = nullptr; ///< of the plugin that serves the call; null: the host's own
    bool relayed = false; ///< a proxy that is not trusted stands between: the peer's address proves nothing
};

namespace talome::gate {

/// Nobody waits for the answer any more, or the plugin must end: by any thread while the call lasts.
inline bool isCancelled(const talome_call& call) {
    return (call.inside && call.inside->cancelled()) || (call.cancelled && call.cancelled());
}

} // namespace talome::gate

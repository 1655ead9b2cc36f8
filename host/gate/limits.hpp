// What one plugin may hold at once, so that it leaves enough to the others.
#pragma once

#include <cstdint>

namespace talome::gate {

/// Of one plugin; talome.yaml changes them by name (plugins.limits.NAME).
struct Limits {
    unsigned calls = 16;              ///< calls from outside that run at once, of 64 workers
    std::uint64_t streams = 1000;     ///< event streams, WebSockets and the like, of 2000
    std::uint64_t queued = 64u << 20; ///< bytes that wait for the clients of all its streams
    std::uint64_t bodies = 64u << 20; ///< bytes of request bodies that are being collected for it
    std::uint64_t callSeconds = 30;   ///< for a call of an operation that says no limit of its own
};

} // namespace talome::gate

// What the process uses, as the kernel counts it.
#pragma once

#include <cstdint>

namespace talome::api {

struct ProcessUsage {
    double cpuSeconds = 0; ///< user and system, since the start
    double startTime = 0;  ///< seconds since the epoch
    std::uint64_t residentBytes = 0;
    std::uint64_t openFds = 0, maxFds = 0;
};

/// Any thread. What the kernel does not tell is 0.
ProcessUsage processUsage();

} // namespace talome::api

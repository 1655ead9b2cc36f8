// What GET /metrics says, in the text form of OpenMetrics 1.0.
#pragma once

#include "host/http/metrics.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace talome::http {

inline constexpr std::string_view kOpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Numbers that others hold. What stays 0 or empty is said as that, or not at all where it is a list.
struct Gauges {
    std::uint64_t connections = 0, accepted = 0, refused = 0; ///< open now; since the start; above the limit
    std::uint64_t badRequests = 0;                            ///< refused by the engine before any route
    std::uint64_t workers = 0, busyWorkers = 0;

    std::vector<std::pair<std::string, std::uint64_t>> streams; ///< open now, by kind: sse, websocket, transfer
    std::uint64_t slowStreams = 0; ///< clients that did not keep up, since the start
    struct Plugin {
        std::string plugin;
        std::uint64_t running = 0; ///< calls, now
        std::uint64_t refused = 0; ///< because it already held as many workers as it may
    };
    std::vector<Plugin> plugins;

    double cpuSeconds = 0, startTime = 0; ///< of the process: used since its start; seconds since the epoch
    std::uint64_t residentBytes = 0, openFds = 0, maxFds = 0;
    std::string version;
};

std::string openMetrics(const MetricsSnapshot&, const Gauges&);

} // namespace talome::http

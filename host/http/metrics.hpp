// Counts every answer: by route, method and status, how long it took, how many bytes, and for which plugin.
#pragma once

#include "host/http/name_table.hpp"
#include "host/http/server.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace talome::http {

/// Upper ends of the buckets of the duration, microseconds; above them is one more.
inline constexpr std::array<std::int64_t, 14> kDurationBuckets = {500,       1'000,     2'500,     5'000,     10'000,
                                                                  25'000,    50'000,    100'000,   250'000,   500'000,
                                                                  1'000'000, 2'500'000, 5'000'000, 10'000'000};

inline constexpr std::size_t kMostRoutes = 1024, kMostPlugins = 128, kMostRequestSeries = 3072;

/// What has been counted, at one moment. Sorted. Sums of one series may be a few requests apart.
struct MetricsSnapshot {
    struct Requests {
        std::string route, method; ///< a route of "": none was found, or the request was refused before
        int status = 0;            ///< 0: no answer went out
        std::uint64_t count = 0;
    };
    struct Route {
        std::string route;
        std::array<std::uint64_t, kDurationBuckets.size() + 1> buckets{}; ///< each by itself, not cumulative
        std::uint64_t microseconds = 0;
        std::uint64_t bytesIn = 0, bytesOut = 0; ///< of bodies
    };
    struct Plugin {
        std::string plugin;
        std::uint64_t requests = 0, errors = 0; ///< errors: answers from 500 on
    };
    std::vector<Requests> requests;
    std::vector<Route> routes;
    std::vector<Plugin> plugins;
};

/// Any thread. record() takes no lock once a route has been seen, and threads add up in different places, so that they
/// do not wait for each other's cache. The number of series is limited: what is above it is counted under the route
/// "", and methods that are not known as "other".
class Metrics {
public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    void record(const AccessRecord&) noexcept;
    MetricsSnapshot snapshot() const;

private:
    using Counter = std::atomic<std::uint64_t>;
    struct Route;
    struct Plugin;

    /// Where how often one route, method and status came is counted.
    std::size_t seriesOf(std::size_t route, std::size_t method, int status) noexcept;

    NameTable<Route> routes_;
    NameTable<Plugin> plugins_;
    const std::unique_ptr<Counter[]> keys_;   ///< of the series: 0 while it is free, then for good what it counts
    const std::unique_ptr<Counter[]> counts_; ///< of the series: as many for each place
    std::atomic<std::size_t> used_{0};        ///< of keys_
};

} // namespace talome::http

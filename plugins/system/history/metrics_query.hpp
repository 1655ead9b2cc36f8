// What of the history somebody asks for: the inputs that GET /api/metrics and its export share, and what they mean.
#pragma once

#include "history/history_store.hpp"

#include <optional>
#include <talome/plugin.hpp>

namespace talome::system {

struct MetricsInput {
    std::optional<std::string> period, range, metric, from, to;
    std::optional<int> step, points;
    bool detail = false, fill = false;
};
BOOST_DESCRIBE_STRUCT(MetricsInput, (), (period, range, metric, from, to, step, points, detail, fill))

/// What is to be read.
struct Window {
    std::int64_t from = 0, to = 0; ///< seconds
    int step = 0;
    Resolution tier{};
};
/// Throws Invalid.
Window windowOf(const MetricsInput&, std::int64_t nowSeconds);

/// Series and totals that are asked for.
struct Wanted {
    std::array<bool, kSeries> series{};
    bool memoryTotal = false, diskTotal = false;
};
Wanted wantedOf(const MetricsInput&);

/// An entity tag (RFC 9110, 8.8.3) of the answer: another one as soon as a bucket is written that may be in it.
std::string tagOf(const HistoryStore&, const Window&, const MetricsInput&);

/// The rows, oldest first: `row(bucket)`, and with `fill` `gap(t)` where nothing is known.
template <class Row, class Gap> void readRows(const HistoryStore& store, const Window& w, const MetricsInput& input, Row&& row, Gap&& gap) {
    std::int64_t next = w.from;
    store.read(w.tier, w.from, w.to, w.step, input.detail, [&](const Bucket& bucket) {
        for (; input.fill && next < bucket.t; next += w.step) gap(next);
        next = bucket.t + w.step;
        row(bucket);
    });
    for (; input.fill && next < w.to - w.step; next += w.step) gap(next);
}

/// Declares these inputs of an operation or a raw route.
template <class Declared> Declared& metricsInputs(Declared& declared) {
    const Constraint periods = oneOf({"1h", "6h", "24h", "7d", "30d", "90d", "1y"});
    return declared.input("period", "How far back: 24h unless said", periods)
        .input("range", "The same under its other name", periods)
        .input("metric", "Only these: cpu, memory, disk, network; or all",
               pattern("^(all|(cpu|memory|disk|network)(,(cpu|memory|disk|network)){0,3})$"))
        .input("from", "Start instead of a period, ISO 8601", length(8, 40))
        .input("to", "End, ISO 8601; now unless said", length(8, 40))
        .input("step", "Seconds of a row: a multiple of 60", range(60, 7 * 86400))
        .input("points", "About so many rows instead of a step", range(2, 2000))
        .input("detail", "Also load, temperature and swap, and the least and most of each row: cpu_min, cpu_max …", false)
        .input("fill", "With a row for times of which nothing is known", false);
}

} // namespace talome::system

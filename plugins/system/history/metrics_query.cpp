#include "history/metrics_query.hpp"

#include "live/timestamp.hpp"

#include <algorithm>
#include <charconv>

namespace talome::system {

namespace {

struct Period {
    std::string_view name;
    std::int64_t seconds;
    int step;
};
/// The first four as the API document has them.
constexpr Period kPeriods[] = {{"1h", 3600, 60},          {"6h", 6 * 3600, 60},      {"24h", 86400, 60},
                               {"7d", 7 * 86400, 300},    {"30d", 30 * 86400, 3600}, {"90d", 90 * 86400, 3 * 3600},
                               {"1y", 365 * 86400, 12 * 3600}};

} // namespace

Window windowOf(const MetricsInput& input, std::int64_t now) {
    if (input.period && input.range && *input.period != *input.range)
        throw Invalid("range", "is another name of period, and must not differ from it");
    const std::string name = input.period.value_or(input.range.value_or("24h"));
    const Period& period = *std::find_if(std::begin(kPeriods), std::end(kPeriods), [&](const Period& p) { return p.name == name; });
    const auto time = [](const char* field, const std::string& text) {
        const auto ms = parseTimestamp(text);
        if (!ms || *ms < 0) throw Invalid(field, "expected a time as 2025-05-01T08:15:00Z");
        return *ms / 1000;
    };
    Window w;
    w.to = input.to ? time("to", *input.to) : now + 1;
    w.from = input.from ? time("from", *input.from) : w.to - period.seconds;
    if (w.from >= w.to) throw Invalid("from", "must be before the end");
    if (input.step && input.points) throw Invalid("points", "cannot be given together with step");
    const std::int64_t span = w.to - w.from;
    if (input.step)
        w.step = *input.step;
    else if (input.points || input.from || input.to)
        w.step = static_cast<int>(std::min<std::int64_t>(std::max<std::int64_t>(span / input.points.value_or(600), 60), 7 * 86400));
    else
        w.step = period.step;
    if (input.step && w.step % 60) throw Invalid("step", "must be a multiple of 60");
    w.tier = kTiers[0];
    for (const Resolution& tier : kTiers) // the finest one that goes back so far, or a coarser one that is fine enough
        if ((w.step >= tier.width && (!input.step || w.step % tier.width == 0)) || w.tier.keepDays * std::int64_t{86400} < now - w.from) w.tier = tier;
    w.step = (w.step + w.tier.width - 1) / w.tier.width * w.tier.width;
    if (span / w.step > 20'000) throw Invalid("step", "that would be more than 20000 rows");
    w.from = (w.from + w.step - 1) / w.step * w.step;
    return w;
}

Wanted wantedOf(const MetricsInput& input) {
    const std::string metric = input.metric.value_or("all");
    const bool detail = input.detail;
    const auto has = [&](std::string_view word) {
        return metric == "all" || ("," + metric + ",").find("," + std::string(word) + ",") != std::string::npos;
    };
    Wanted w;
    const auto set = [&](Series each, bool on) { w.series[static_cast<std::size_t>(each)] = on; };
    set(Series::cpu, has("cpu"));
    set(Series::load, detail && has("cpu"));
    set(Series::temperature, detail && has("cpu"));
    set(Series::memoryUsed, has("memory"));
    set(Series::swapUsed, detail && has("memory"));
    set(Series::diskUsed, has("disk"));
    set(Series::networkRx, has("network"));
    set(Series::networkTx, has("network"));
    w.memoryTotal = has("memory");
    w.diskTotal = has("disk");
    return w;
}

std::string tagOf(const HistoryStore& store, const Window& w, const MetricsInput& input) {
    const std::string text = std::to_string(store.changes()) + " " + std::to_string(w.from) + " " +
                             std::to_string((w.to - 1) / w.tier.width) + " " + std::to_string(w.step) + " " +
                             input.metric.value_or("all") + (input.detail ? " detail" : "") + (input.fill ? " fill" : "");
    std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    char digits[17] = {};
    std::to_chars(digits, digits + 16, hash, 16);
    return "\"" + std::string(digits) + "\"";
}

} // namespace talome::system

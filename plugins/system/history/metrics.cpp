// GET /api/metrics: the history, as rows, oldest first.
#include "services.hpp"

#include "history/forecast.hpp"
#include "live/timestamp.hpp"

#include <charconv>
#include <cmath>

namespace talome::system {

/// A row as the API document has it. With detail=true there are load, temperature and swap too, and of each series also
/// _min and _max.
struct MetricsRow {
    std::string timestamp; ///< start of the bucket
    std::optional<double> cpu;
    std::optional<std::int64_t> memory_used, memory_total, disk_used, disk_total, network_rx, network_tx;
    std::optional<double> load, temperature;
    std::optional<std::int64_t> swap_used;
    std::optional<bool> gap; ///< nothing was recorded then; with fill=true
};
BOOST_DESCRIBE_STRUCT(MetricsRow, (),
                      (timestamp, cpu, memory_used, memory_total, disk_used, disk_total, network_rx, network_tx, load,
                       temperature, swap_used, gap))

/// Rows that are JSON already: a week is two thousand of them.
struct MetricsRows {
    std::string json;
};

} // namespace talome::system

template <> struct talome::Codec<talome::system::MetricsRows> {
    static void write(std::string& out, const void* value) { out += static_cast<const system::MetricsRows*>(value)->json; }
    static void read(const boost::json::value&, void*, const detail::Path& at) { at.fail("is never read"); }
    static void schema(detail::SchemaText& text) { Codec<std::vector<system::MetricsRow>>::schema(text); }
};

namespace talome::system {

namespace {

struct MetricsInput {
    std::optional<std::string> period, range, metric, from, to;
    std::optional<int> step, points;
    bool detail = false, fill = false;
};
BOOST_DESCRIBE_STRUCT(MetricsInput, (), (period, range, metric, from, to, step, points, detail, fill))

struct ForecastInput {
    std::optional<std::string> mount;
};
BOOST_DESCRIBE_STRUCT(ForecastInput, (), (mount))

struct Period {
    std::string_view name;
    std::int64_t seconds;
    int step;
};
/// The first four as the API document has them.
constexpr Period kPeriods[] = {{"1h", 3600, 60},          {"6h", 6 * 3600, 60},      {"24h", 86400, 60},
                               {"7d", 7 * 86400, 300},    {"30d", 30 * 86400, 3600}, {"90d", 90 * 86400, 3 * 3600},
                               {"1y", 365 * 86400, 12 * 3600}};

/// What is to be read.
struct Window {
    std::int64_t from = 0, to = 0; ///< seconds
    int step = 0;
    Resolution tier{};
};

/// Series and totals that are asked for.
struct Wanted {
    std::array<bool, kSeries> series{};
    bool memoryTotal = false, diskTotal = false;
};

Wanted wanted(const std::string& metric, bool detail) {
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

class RowWriter {
public:
    RowWriter(const Wanted& w, bool detail) : wanted_(w), detail_(detail) { out_ = "["; }
    void row(const Bucket& bucket) {
        begin(bucket.t);
        for (std::size_t i = 0; i < kSeries; ++i) {
            if (!wanted_.series[i]) continue;
            const auto& span = bucket.spans[i];
            number(i, "", span ? std::optional(span->mean) : std::nullopt);
            if (i == static_cast<std::size_t>(Series::memoryUsed)) total("memory_total", bucket.memoryTotal);
            if (i == static_cast<std::size_t>(Series::diskUsed)) total("disk_total", bucket.diskTotal);
            if (!detail_) continue;
            number(i, "_min", span ? std::optional(span->least) : std::nullopt);
            number(i, "_max", span ? std::optional(span->most) : std::nullopt);
        }
        out_ += '}';
    }
    void gap(std::int64_t t) {
        begin(t);
        for (std::size_t i = 0; i < kSeries; ++i)
            if (wanted_.series[i]) number(i, "", std::nullopt);
        out_ += ",\"gap\":true}";
    }
    std::string done() { return std::move(out_) + "]"; }

private:
    void begin(std::int64_t t) {
        if (out_.size() > 1) out_ += ',';
        out_.append("{\"timestamp\":\"").append(timestamp(t * 1000)).append("\"");
    }
    void value(std::int64_t n) {
        char digits[24];
        out_.append(digits, std::to_chars(digits, digits + sizeof digits, n).ptr);
    }
    void total(std::string_view name, std::optional<std::int64_t> n) {
        out_.append(",\"").append(name).append("\":");
        n ? value(*n) : void(out_ += "null");
    }
    /// One decimal where the stored number has hundredths.
    void number(std::size_t series, std::string_view end, std::optional<std::int64_t> n) {
        out_.append(",\"").append(kSeriesNames[series]).append(end).append("\":");
        if (!n)
            out_ += "null";
        else if (kSeriesScale[series] == 1)
            value(*n);
        else {
            const std::int64_t tenths = (std::abs(*n) + 5) / 10;
            if (*n < 0 && tenths) out_ += '-';
            value(tenths / 10);
            if (tenths % 10) (out_ += '.') += static_cast<char>('0' + tenths % 10);
        }
    }

    const Wanted wanted_;
    const bool detail_;
    std::string out_;
};

class MetricsGroup : public Group {
public:
    MetricsGroup(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("metrics.history", "What CPU, memory, disk and network did, in rows, oldest first", kDashboard,
                       Tier::read, this, &MetricsGroup::history)
            .route("GET", "/api/metrics")
            .tool("get_metrics_history", "Recorded CPU, memory, disk and network use over time")
            .input("period", "How far back: 24h unless said", kPeriodRule)
            .input("range", "The same under its other name", kPeriodRule)
            .input("metric", "Only these: cpu, memory, disk, network; or all",
                   pattern("^(all|(cpu|memory|disk|network)(,(cpu|memory|disk|network)){0,3})$"))
            .input("from", "Start instead of a period, ISO 8601", length(8, 40))
            .input("to", "End, ISO 8601; now unless said", length(8, 40))
            .input("step", "Seconds of a row: a multiple of 60", range(60, 7 * 86400))
            .input("points", "About so many rows instead of a step", range(2, 2000))
            .input("detail", "Also load, temperature and swap, and the least and most of each row: cpu_min, cpu_max …", false)
            .input("fill", "With a row for times of which nothing is known", false);
        registry
            .operation("metrics.latest", "The last recorded minute", kDashboard, Tier::read, this,
                       &MetricsGroup::latest)
            .route("GET", "/api/metrics/latest");
        for (const auto& [id, path] : {std::pair("metrics.forecast", "/api/metrics/forecast"),
                                       std::pair("storage.forecast", "/api/storage/forecast")})
            registry
                .operation(id, "When file systems will be full if they go on as in the last two weeks",
                           id == std::string_view("storage.forecast") ? kSystem : kDashboard, Tier::read, this,
                           &MetricsGroup::forecasts)
                .route("GET", path)
                .input("mount", "Only the file system mounted here", length(1, 4096));
        registry.every(kRecordEvery, "system.record", &services_.recorder, &Recorder::recordTask);
    }
    void close() override { services_.recorder.close(); }

private:
    static inline const Constraint kPeriodRule = oneOf({"1h", "6h", "24h", "7d", "30d", "90d", "1y"});

    Window window(const MetricsInput& input) const {
        if (input.period && input.range && *input.period != *input.range)
            throw Invalid("range", "is another name of period, and must not differ from it");
        const std::string name = input.period.value_or(input.range.value_or("24h"));
        const Period& period = *std::find_if(std::begin(kPeriods), std::end(kPeriods), [&](const Period& p) { return p.name == name; });
        const auto time = [](const char* field, const std::string& text) {
            const auto ms = parseTimestamp(text);
            if (!ms || *ms < 0) throw Invalid(field, "expected a time as 2025-05-01T08:15:00Z");
            return *ms / 1000;
        };
        const std::int64_t now = services_.host.nowMs() / 1000;
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

    MetricsRows history(const MetricsInput& input) {
        const Window w = window(input);
        RowWriter writer(wanted(input.metric.value_or("all"), input.detail), input.detail);
        std::int64_t next = w.from;
        services_.history.read(w.tier, w.from, w.to, w.step, input.detail, [&](const Bucket& bucket) {
            for (; input.fill && next < bucket.t; next += w.step) writer.gap(next);
            next = bucket.t + w.step;
            writer.row(bucket);
        });
        for (; input.fill && next < w.to - w.step; next += w.step) writer.gap(next);
        return {writer.done()};
    }

    Json latest() {
        const auto bucket = services_.history.latest();
        if (!bucket) throw NotFound("nothing has been recorded yet: a row is written each minute");
        RowWriter writer(wanted("all", true), true);
        writer.row(*bucket);
        const std::string list = writer.done();
        return Json{list.substr(1, list.size() - 2)};
    }

    std::vector<Forecast> forecasts(const ForecastInput& input) {
        auto answer = services_.forecasts(input.mount);
        if (input.mount && answer.empty()) throw NotFound("no file system is mounted at " + *input.mount);
        return answer;
    }

    Services& services_;
};

} // namespace

std::vector<Forecast> Services::forecasts(const std::optional<std::string>& mount) {
    std::vector<Forecast> answer;
    const std::int64_t now = host.nowMs();
    for (const MountState& each : sampler.mounts()) {
        if (mount && each.mount.path != *mount) continue;
        if (each.space && each.space->total == 0) continue;
        answer.push_back(forecast(each.mount.path,
                                  history.mountHours(each.mount.path, each.mount.source, now / 1000 - kForecastSpan), now));
    }
    return answer;
}

std::unique_ptr<Group> metrics(Registry& registry, Services& services) {
    return std::make_unique<MetricsGroup>(registry, services);
}

} // namespace talome::system

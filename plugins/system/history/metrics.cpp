// GET /api/metrics: the history, as rows, oldest first.
#include "services.hpp"

#include "history/forecast.hpp"
#include "history/metrics_text.hpp"

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

struct ForecastInput {
    std::optional<std::string> mount;
};
BOOST_DESCRIBE_STRUCT(ForecastInput, (), (mount))

class MetricsGroup : public Group {
public:
    MetricsGroup(Registry& registry, Services& services) : services_(services) {
        metricsInputs(registry
                          .operation("metrics.history", "What CPU, memory, disk and network did, in rows, oldest first", kDashboard,
                                     Tier::read, this, &MetricsGroup::history)
                          .route("GET", "/api/metrics")
                          .tool("get_metrics_history", "Recorded CPU, memory, disk and network use over time")
                          .resource("talome://metrics/{range}", "metrics", "CPU, memory, disk and network use of the last 1h, 6h, 24h or 7d"));
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
    MetricsRows history(Call& call, const MetricsInput& input) {
        const Window window = windowOf(input, services_.host.nowMs() / 1000);
        call.header("ETag", tagOf(services_.history, window, input));
        MetricsRowsText text(wantedOf(input), input.detail);
        readRows(services_.history, window, input, [&](const Bucket& bucket) { text.row(bucket); }, [&](std::int64_t t) { text.gap(t); });
        return {text.done()};
    }

    Json latest() {
        const auto bucket = services_.history.latest();
        if (!bucket) throw NotFound("nothing has been recorded yet: a row is written each minute");
        MetricsInput all;
        all.detail = true;
        MetricsRowsText writer(wantedOf(all), true);
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

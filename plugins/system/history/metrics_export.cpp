// GET /api/metrics/export: the history as CSV for a spreadsheet, or as columns for a chart. Its entity tag changes when a bucket is written, so that
// who asks again before is told that nothing has changed.
#include "history/metrics_text.hpp"
#include "services.hpp"

namespace talome::system {

namespace {

struct ExportInput : MetricsInput {
    std::string format = "csv";
};
BOOST_DESCRIBE_STRUCT(ExportInput, (MetricsInput), (format))

class MetricsExportGroup : public Group {
public:
    MetricsExportGroup(Registry& registry, Services& services) : services_(services) {
        auto route = registry.raw("metrics.export", "The history as CSV or JSON columns, oldest first, with an entity tag", kDashboard, Tier::read, "GET",
                                  "/api/metrics/export", this, &MetricsExportGroup::send);
        metricsInputs(route).input("format", "csv: a line for each row; columns: a JSON object of lists", oneOf({"csv", "columns"}), "csv");
    }

private:
    void send(Call&, const ExportInput& input, Exchange& exchange) {
        const Window window = windowOf(input, services_.host.nowMs() / 1000);
        std::string tag = tagOf(services_.history, window, input);
        tag.insert(1, input.format == "columns" ? "j" : "c");
        if (holds(exchange.header("If-None-Match"), tag)) {
            exchange.begin(304, {{"ETag", tag}, {"Cache-Control", "no-cache"}}, 0);
            return;
        }
        const bool columns = input.format == "columns";
        std::unique_ptr<MetricsText> made;
        if (columns)
            made = std::make_unique<MetricsColumnsText>(wantedOf(input), input.detail);
        else
            made = std::make_unique<MetricsCsv>(wantedOf(input), input.detail);
        MetricsText& text = *made;
        readRows(services_.history, window, input, [&](const Bucket& bucket) { text.row(bucket); }, [&](std::int64_t t) { text.gap(t); });
        const std::string body = text.done();
        exchange.begin(200,
                       {{"Content-Type", columns ? "application/json" : "text/csv; charset=utf-8; header=present"},
                        {"Content-Disposition", columns ? "inline" : "attachment; filename=\"metrics.csv\""},
                        {"ETag", tag},
                        {"Cache-Control", "no-cache"}},
                       static_cast<std::int64_t>(body.size()));
        exchange.write(body);
    }

    /// If-None-Match (RFC 9110, 13.1.2): a list of tags, or `*`. Tags here hold no comma.
    static bool holds(std::string_view list, std::string_view tag) {
        while (!list.empty()) {
            const auto comma = list.find(',');
            auto one = list.substr(0, comma);
            while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
            while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
            if (one == tag || one == "*" || (one.starts_with("W/") && one.substr(2) == tag)) return true;
            if (comma == list.npos) break;
            list.remove_prefix(comma + 1);
        }
        return false;
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> metricsExport(Registry& registry, Services& services) {
    return std::make_unique<MetricsExportGroup>(registry, services);
}

} // namespace talome::system

// What GET /metrics says, in the text form of OpenMetrics 1.0.
#include "host/http/open_metrics.hpp"

#include "host/http/query.hpp"

#include <charconv>
#include <initializer_list>
#include <map>

namespace talome::http {

namespace {

struct Label {
    std::string_view name, value;
};

/// Writes families one after the other: family(), then its samples.
class Writer {
public:
    enum class Type { counter, gauge, histogram, info };

    /// `unit` is empty, or the last word of `name`.
    void family(std::string_view name, Type type, std::string_view unit, std::string_view help) {
        constexpr std::string_view types[] = {"counter", "gauge", "histogram", "info"};
        family_ = name;
        text_.append("# TYPE ").append(name).append(" ").append(types[static_cast<int>(type)]).append("\n");
        if (!unit.empty()) text_.append("# UNIT ").append(name).append(" ").append(unit).append("\n");
        text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    }

    template <class Number> void sample(std::string_view suffix, std::initializer_list<Label> labels, Number value) {
        text_.append(family_).append(suffix);
        char separator = '{';
        for (const auto& label : labels) {
            text_ += separator;
            text_.append(label.name).append("=\"");
            escape(label.value);
            text_ += '"';
            separator = ',';
        }
        if (labels.size()) text_ += '}';
        char digits[32];
        const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
        text_ += ' ';
        text_.append(digits, end).append("\n");
    }

    /// A family of one number.
    template <class Number> void gauge(std::string_view name, std::string_view unit, std::string_view help, Number n) {
        family(name, Type::gauge, unit, help);
        sample("", {}, n);
    }
    template <class Number>
    void counter(std::string_view name, std::string_view unit, std::string_view help, Number n) {
        family(name, Type::counter, unit, help);
        sample("_total", {}, n);
    }

    std::string done() {
        text_ += "# EOF\n";
        return std::move(text_);
    }

private:
    void escape(std::string_view value) {
        for (const char c : isUtf8(value) ? value : "not UTF-8") {
            if (c == '\\' || c == '"') text_ += '\\';
            if (c == '\n')
                text_ += "\\n";
            else
                text_ += c;
        }
    }

    std::string text_;
    std::string_view family_;
};

using Type = Writer::Type;

/// The end of a bucket in seconds, as the standard likes it: with a point.
constexpr std::string_view kBucketEnds[] = {"0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1",
                                            "0.25",   "0.5",   "1.0",    "2.5",   "5.0",  "10.0",  "+Inf"};
static_assert(std::size(kBucketEnds) == kDurationBuckets.size() + 1);

std::uint64_t countOf(const MetricsSnapshot::Route& route) {
    std::uint64_t count = 0;
    for (const auto n : route.buckets) count += n;
    return count;
}

void writeRoutes(Writer& out, const MetricsSnapshot& counted) {
    out.family("talome_http_requests", Type::counter, "",
               "Answers, by route (empty: none was found) and status (0: none was sent).");
    for (const auto& each : counted.requests)
        out.sample("_total", {{"route", each.route}, {"method", each.method}, {"status", std::to_string(each.status)}},
                   each.count);

    out.family("talome_http_request_duration_seconds", Type::histogram, "seconds",
               "From the head of a request to the end of its answer.");
    for (const auto& route : counted.routes) {
        if (countOf(route) == 0) continue;
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < route.buckets.size(); ++i) {
            below += route.buckets[i];
            out.sample("_bucket", {{"route", route.route}, {"le", kBucketEnds[i]}}, below);
        }
        out.sample("_count", {{"route", route.route}}, below);
        out.sample("_sum", {{"route", route.route}}, static_cast<double>(route.microseconds) / 1e6);
    }

    out.family("talome_http_request_body_bytes", Type::counter, "bytes", "Received in bodies, without heads.");
    for (const auto& route : counted.routes)
        if (countOf(route) != 0) out.sample("_total", {{"route", route.route}}, route.bytesIn);
    out.family("talome_http_response_body_bytes", Type::counter, "bytes", "Sent in bodies, without heads.");
    for (const auto& route : counted.routes)
        if (countOf(route) != 0) out.sample("_total", {{"route", route.route}}, route.bytesOut);
}

void writeEngine(Writer& out, const Gauges& now) {
    out.gauge("talome_http_connections", "", "Open now.", now.connections);
    out.counter("talome_http_connections_accepted", "", "Connections since the start.", now.accepted);
    out.counter("talome_http_connections_refused", "", "Connections above the limit.", now.refused);
    out.counter("talome_http_bad_requests", "", "Requests that the engine refused before any route.", now.badRequests);
    out.family("talome_http_streams", Type::gauge, "", "Answers that stay open, by kind.");
    for (const auto& [kind, n] : now.streams) out.sample("", {{"kind", kind}}, n);
    out.family("talome_http_streams_dropped", Type::counter, "", "Clients of streams that did not keep up.");
    out.sample("_total", {}, now.slowStreams);
    out.gauge("talome_http_workers", "", "Threads that serve requests.", now.workers);
    out.gauge("talome_http_workers_busy", "", "Of those, how many are serving one now.", now.busyWorkers);
}

void writePlugins(Writer& out, const MetricsSnapshot& counted, const Gauges& now) {
    struct Row {
        std::uint64_t requests = 0, errors = 0, running = 0, refused = 0;
    };
    std::map<std::string_view, Row> rows;
    for (const auto& each : counted.plugins) {
        rows[each.plugin].requests = each.requests;
        rows[each.plugin].errors = each.errors;
    }
    for (const auto& each : now.plugins) {
        rows[each.plugin].running = each.running;
        rows[each.plugin].refused = each.refused;
    }
    const auto column = [&](std::string_view suffix, std::uint64_t Row::*value) {
        for (const auto& [plugin, row] : rows) out.sample(suffix, {{"plugin", plugin}}, row.*value);
    };
    out.family("talome_plugin_requests", Type::counter, "", "Answers of a plugin's routes.");
    column("_total", &Row::requests);
    out.family("talome_plugin_errors", Type::counter, "", "Of those, with a status from 500 on.");
    column("_total", &Row::errors);
    out.family("talome_plugin_calls_running", Type::gauge, "", "Workers that a plugin holds now.");
    column("", &Row::running);
    out.family("talome_plugin_refused", Type::counter, "",
               "Requests answered 503 because the plugin held as many workers as it may.");
    column("_total", &Row::refused);
}

void writeProcess(Writer& out, const Gauges& now) {
    out.counter("process_cpu_seconds", "seconds", "Processor time used, user and system.", now.cpuSeconds);
    out.gauge("process_resident_memory_bytes", "bytes", "Memory in use.", now.residentBytes);
    out.gauge("process_open_fds", "", "Open file descriptors.", now.openFds);
    out.gauge("process_max_fds", "", "How many there may be.", now.maxFds);
    out.gauge("process_start_time_seconds", "seconds", "When it started, since the epoch.", now.startTime);
    out.family("talome_build", Type::info, "", "Which Talome this is.");
    out.sample("_info", {{"version", now.version}}, 1);
}

} // namespace

std::string openMetrics(const MetricsSnapshot& counted, const Gauges& now) {
    Writer out;
    writeRoutes(out, counted);
    writeEngine(out, now);
    writePlugins(out, counted, now);
    writeProcess(out, now);
    return out.done();
}

} // namespace talome::http

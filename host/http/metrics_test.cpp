#include "host/http/metrics.hpp"

#include "host/http/open_metrics.hpp"

#include <doctest/doctest.h>
#include <thread>

using namespace talome::http;

namespace {

AccessRecord answer(std::string_view route, std::string_view method, int status, long microseconds,
                    std::string_view plugin = "") {
    AccessRecord record;
    record.route = route;
    record.method = method;
    record.status = status;
    record.plugin = plugin;
    record.bytesIn = 10;
    record.bytesOut = 100;
    record.duration = std::chrono::microseconds(microseconds);
    return record;
}

std::uint64_t total(const MetricsSnapshot& counted) {
    std::uint64_t n = 0;
    for (const auto& each : counted.requests) n += each.count;
    return n;
}

bool holds(const std::string& text, std::string_view line) {
    return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

} // namespace

TEST_CASE("metrics: answers are counted by route, method and status") {
    Metrics metrics;
    for (int i = 0; i < 3; ++i) metrics.record(answer("/a/{id}", "GET", 200, 400, "docker"));
    metrics.record(answer("/a/{id}", "GET", 503, 10'000'001, "docker"));
    metrics.record(answer("/a/{id}", "BREW", 200, 500, "docker"));
    metrics.record(answer("", "", 400, 1));
    const auto counted = metrics.snapshot();
    REQUIRE(counted.requests.size() == 4);
    CHECK(counted.requests[0].route.empty());
    CHECK(counted.requests[0].method == "other");
    CHECK(counted.requests[0].status == 400);
    CHECK(counted.requests[1].method == "GET");
    CHECK(counted.requests[1].count == 3);
    CHECK(counted.requests[2].status == 503);
    CHECK(counted.requests[3].method == "other");
    REQUIRE(counted.routes.size() == 2);
    const auto& route = counted.routes[1];
    CHECK(route.buckets.front() == 4); // up to and with 500 µs
    CHECK(route.buckets.back() == 1);
    CHECK(route.microseconds == 3 * 400 + 500 + 10'000'001);
    CHECK(route.bytesIn == 50);
    CHECK(route.bytesOut == 500);
    REQUIRE(counted.plugins.size() == 1);
    CHECK(counted.plugins[0].plugin == "docker");
    CHECK(counted.plugins[0].requests == 5);
    CHECK(counted.plugins[0].errors == 1);
}

TEST_CASE("metrics: a duration at a bucket's end belongs to it") {
    Metrics metrics;
    for (const auto end : kDurationBuckets) {
        metrics.record(answer("/", "GET", 200, end));
        metrics.record(answer("/", "GET", 200, end + 1));
    }
    metrics.record(answer("/", "GET", 200, -5));
    const auto buckets = metrics.snapshot().routes[1].buckets;
    CHECK(buckets[0] == 2);
    for (std::size_t i = 1; i + 1 < buckets.size(); ++i) CHECK(buckets[i] == 2);
    CHECK(buckets.back() == 1);
}

TEST_CASE("metrics: the number of series is limited, and nothing goes uncounted") {
    Metrics metrics;
    std::uint64_t recorded = 0;
    for (int i = 0; i < 10'000; ++i, ++recorded)
        metrics.record(answer("/r" + std::to_string(i), "GET", 200, 1, "p" + std::to_string(i)));
    for (int status = 100; status < 600; ++status)
        for (auto method : {"GET", "PUT", "POST", "DELETE", "PATCH", "HEAD"}) {
            for (auto route : {"/r1", "/r2", "/r3"}) metrics.record(answer(route, method, status, 1)), ++recorded;
        }
    const auto counted = metrics.snapshot();
    CHECK(counted.routes.size() == kMostRoutes + 1);
    CHECK(counted.plugins.size() == kMostPlugins + 1);
    CHECK(counted.requests.size() <= kMostRequestSeries);
    CHECK(total(counted) == recorded);
    CHECK(counted.routes[0].route.empty());
    CHECK(counted.routes[0].buckets[0] == 10'000 - kMostRoutes);
}

TEST_CASE("metrics: many threads at once lose nothing") {
    Metrics metrics;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 5000; ++i)
                metrics.record(answer("/r" + std::to_string(i % 300), i % 2 ? "GET" : "POST", 200 + i % 5, i, "p"));
        });
    for (int i = 0; i < 20; ++i) (void)metrics.snapshot();
    for (auto& thread : threads) thread.join();
    const auto counted = metrics.snapshot();
    CHECK(total(counted) == 20'000);
    CHECK(counted.routes.size() == 301);
    CHECK(counted.plugins[0].requests == 20'000);
    std::uint64_t timed = 0;
    for (const auto& route : counted.routes)
        for (const auto n : route.buckets) timed += n;
    CHECK(timed == 20'000);
}

TEST_CASE("open metrics: what is written") {
    Metrics metrics;
    metrics.record(answer("/a/{id}", "GET", 200, 700, "docker"));
    metrics.record(answer("/a/{id}", "GET", 200, 2'000'000, "docker"));
    Gauges now;
    now.connections = 7;
    now.accepted = 9;
    now.streams = {{"sse", 3}, {"websocket", 0}};
    now.plugins = {{"docker", 2, 1}, {"media", 0, 0}};
    now.cpuSeconds = 1.25;
    now.startTime = 1767225600.5;
    now.version = "0.1\"\\\n";
    const auto text = openMetrics(metrics.snapshot(), now);
    for (auto line : {"# TYPE talome_http_requests counter",
                      R"(talome_http_requests_total{route="/a/{id}",method="GET",status="200"} 2)",
                      "# TYPE talome_http_request_duration_seconds histogram",
                      "# UNIT talome_http_request_duration_seconds seconds",
                      R"(talome_http_request_duration_seconds_bucket{route="/a/{id}",le="0.0005"} 0)",
                      R"(talome_http_request_duration_seconds_bucket{route="/a/{id}",le="0.001"} 1)",
                      R"(talome_http_request_duration_seconds_bucket{route="/a/{id}",le="1.0"} 1)",
                      R"(talome_http_request_duration_seconds_bucket{route="/a/{id}",le="2.5"} 2)",
                      R"(talome_http_request_duration_seconds_bucket{route="/a/{id}",le="+Inf"} 2)",
                      R"(talome_http_request_duration_seconds_count{route="/a/{id}"} 2)",
                      R"(talome_http_request_duration_seconds_sum{route="/a/{id}"} 2.0007)",
                      R"(talome_http_request_body_bytes_total{route="/a/{id}"} 20)",
                      R"(talome_http_response_body_bytes_total{route="/a/{id}"} 200)",
                      "talome_http_connections 7",
                      "talome_http_connections_accepted_total 9",
                      R"(talome_http_streams{kind="sse"} 3)",
                      R"(talome_http_streams{kind="websocket"} 0)",
                      R"(talome_plugin_requests_total{plugin="docker"} 2)",
                      R"(talome_plugin_requests_total{plugin="media"} 0)",
                      R"(talome_plugin_calls_running{plugin="docker"} 2)",
                      R"(talome_plugin_refused_total{plugin="docker"} 1)",
                      "process_cpu_seconds_total 1.25",
                      "process_start_time_seconds 1767225600.5",
                      "# TYPE talome_build info",
                      R"(talome_build_info{version="0.1\"\\\n"} 1)"})
        CHECK_MESSAGE(holds(text, line), line);
    CHECK(text.ends_with("\n# EOF\n"));
    CHECK(text.find("\n\n") == text.npos);
    CHECK(openMetrics({}, {}).ends_with("\n# EOF\n"));
}

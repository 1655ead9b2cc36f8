// A server on host/http alone, for test_wire.py and for load tools. Arguments are name=value pairs of Options; it
// prints its port, serves until SIGTERM, drains, and prints its counters.
#include "host/http/query.hpp"
#include "host/http/router.hpp"
#include "host/http/server.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using talome::http::Exchange;

namespace {

std::uint64_t parameter(const Exchange& exchange, std::string_view name, std::uint64_t otherwise) {
    for (auto& [key, value] : talome::http::parseQuery(exchange.rawQuery()))
        if (key == name) return std::stoull(value);
    return otherwise;
}

void hello(Exchange& exchange) { exchange.send(200, "application/json", R"({"hello":"world"})"); }

void echo(Exchange& exchange) {
    if (!exchange.collect()) return;
    if (auto type = exchange.header("Content-Type")) exchange.setHeader("X-Type", *type);
    exchange.send(200, "application/octet-stream", exchange.body());
}

// Counts a body of any size.
void count(Exchange& exchange) {
    exchange.limitBody(parameter(exchange, "limit", 1 << 20));
    char buffer[4096];
    std::uint64_t total = 0;
    while (auto n = exchange.read(buffer, sizeof buffer)) total += n;
    exchange.send(200, "text/plain", std::to_string(total));
}

// Takes a body as it comes, and says how much that was.
void receive(Exchange& exchange) {
    struct Counter : talome::http::BodySink {
        std::uint64_t bytes = 0;
        void take(std::string_view piece) override { bytes += piece.size(); }
        void finish() override {}
    };
    exchange.limitBody(parameter(exchange, "limit", 1 << 20));
    if (!exchange.receive(std::make_shared<Counter>())) return;
    exchange.send(200, "text/plain", std::to_string(static_cast<Counter&>(*exchange.sink()).bytes));
}

// Text of any size.
void text(Exchange& exchange) {
    std::string block, out;
    for (int i = 0; i < 5000; ++i) block += "line " + std::to_string(i) + "\n";
    const auto bytes = parameter(exchange, "bytes", 100'000);
    while (out.size() < bytes) out += block;
    out.resize(bytes);
    exchange.send(200, "text/plain", std::move(out));
}

void slow(Exchange& exchange) {
    std::this_thread::sleep_for(std::chrono::milliseconds(parameter(exchange, "ms", 200)));
    exchange.send(200, "text/plain", "slow");
}

// Waits until the client is gone.
void watch(Exchange& exchange) {
    for (int i = 0; i < 500 && exchange.connected(); ++i) std::this_thread::sleep_for(10ms);
    std::fprintf(stderr, "watch: %s\n", exchange.connected() ? "still there" : "gone");
    exchange.send(200, "text/plain", "watched");
}

void big(Exchange& exchange) {
    auto left = parameter(exchange, "bytes", 1 << 20);
    exchange.begin(200, "application/octet-stream",
                   parameter(exchange, "sized", 1) ? std::optional(left) : std::nullopt);
    for (std::string block(64 * 1024, 'x'); left > 0;) {
        auto n = std::min<std::uint64_t>(left, block.size());
        exchange.write(std::string_view(block).substr(0, n));
        left -= n;
    }
    exchange.end();
}

void status(Exchange& exchange) {
    exchange.send(static_cast<int>(parameter(exchange, "code", 200)), "text/plain", "body");
}

void page(Exchange& exchange) {
    exchange.setHeader("content-security-policy", "default-src 'self'");
    exchange.addHeader("Set-Cookie", "a=1");
    exchange.addHeader("Set-Cookie", "b=2");
    exchange.send(200, "text/html", "<p>");
}

void split(Exchange& exchange) { exchange.setHeader("X-Value", "a\r\nSet-Cookie: stolen=1"); }
void ignore(Exchange& exchange) { exchange.send(200, "text/plain", "ignored"); }
void silent(Exchange&) {}
void fail(Exchange&) { throw std::runtime_error("a secret of the server"); }
void refuse(Exchange&) { throw talome::http::HttpError(409, "it is \"taken\"", {{"Retry-After", "7"}}); }
void failLate(Exchange& exchange) {
    exchange.begin(200, "text/plain");
    exchange.write("half an ans");
    throw std::runtime_error("too late");
}
void shortAnswer(Exchange& exchange) {
    exchange.begin(200, "text/plain", 100);
    exchange.write("less");
}
void describe(Exchange& exchange) {
    std::string text(exchange.method());
    text.append(" ").append(exchange.rawPath()).append(" ").append(exchange.rawQuery());
    text.append(" ").append(exchange.version()).append(" ").append(exchange.peer());
    for (auto& field : exchange.allHeaders()) text.append("\n").append(field.name).append("=").append(field.value);
    exchange.send(200, "text/plain", text);
}

talome::http::Options readOptions(int argc, char** argv) {
    using std::chrono::milliseconds;
    talome::http::Options options;
    options.host = "127.0.0.1";
    options.port = 0;
    const std::map<std::string, std::function<void(const std::string&)>> names = {
        {"host", [&](auto& v) { options.host = v; }},
        {"port", [&](auto& v) { options.port = static_cast<std::uint16_t>(std::stoul(v)); }},
        {"minWorkers", [&](auto& v) { options.minWorkers = static_cast<unsigned>(std::stoul(v)); }},
        {"maxWorkers", [&](auto& v) { options.maxWorkers = static_cast<unsigned>(std::stoul(v)); }},
        {"maxConnections", [&](auto& v) { options.maxConnections = std::stoul(v); }},
        {"extraIdle", [&](auto& v) { options.extraIdle = milliseconds(std::stoul(v)); }},
        {"headTime", [&](auto& v) { options.headTime = milliseconds(std::stoul(v)); }},
        {"bodyTime", [&](auto& v) { options.bodyTime = milliseconds(std::stoul(v)); }},
        {"sendTime", [&](auto& v) { options.sendTime = milliseconds(std::stoul(v)); }},
        {"keepAlive", [&](auto& v) { options.keepAlive = milliseconds(std::stoul(v)); }},
        {"serverTiming", [&](auto& v) { options.serverTiming = v == "1"; }}};
    for (int i = 1; i < argc; ++i) {
        std::string argument = argv[i];
        auto equals = argument.find('=');
        auto entry = names.find(argument.substr(0, equals));
        if (equals == argument.npos || entry == names.end()) throw std::invalid_argument("unknown option " + argument);
        entry->second(argument.substr(equals + 1));
    }
    return options;
}

void logLine(const talome::http::AccessRecord& record) {
    std::string error(record.error), method(record.method), path(record.path), id(record.requestId);
    std::fprintf(stderr, "access %s %s %d %llu %s %s\n", method.c_str(), path.c_str(), record.status,
                 static_cast<unsigned long long>(record.bytesOut), id.c_str(), error.c_str());
}

} // namespace

int main(int argc, char** argv) try {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    using Route = void (*)(Exchange&);
    talome::http::Router<Route> router;
    const std::pair<const char*, Route> routes[] = {
        {"/hello", hello},       {"/echo", echo},          {"/count", count},
        {"/slow", slow},         {"/watch", watch},        {"/big", big},
        {"/status", status},     {"/page", page},          {"/split", split},
        {"/ignore", ignore},     {"/silent", silent},      {"/fail", fail},
        {"/refuse", refuse},     {"/fail-late", failLate}, {"/short", shortAnswer},
        {"/describe", describe}, {"/api/hello", hello},    {"/receive", receive},
        {"/text", text}};
    for (auto& [path, route] : routes) {
        router.add("GET", path, route);
        router.add("POST", path, route);
    }
    bool quiet = std::getenv("HTTP_ECHO_QUIET");
    talome::http::Server server(
        readOptions(argc, argv),
        [&](Exchange& exchange) {
            auto match = router.match(exchange.method(), exchange.rawPath());
            if (match.value) return (*match.value)(exchange);
            exchange.sendError(match.allow.empty() ? 404 : 405, "not here");
        },
        quiet ? talome::http::AccessLog{} : logLine);
    server.start();
    std::printf("%u\n", server.address().port());
    std::fflush(stdout);

    int signal = 0;
    sigwait(&signals, &signal);
    bool drained = server.drain(10s);
    auto counters = server.counters();
    std::printf("drained=%d requests=%llu workers=%llu accepted=%llu refused=%llu\n", drained,
                static_cast<unsigned long long>(counters.requests), static_cast<unsigned long long>(counters.workers),
                static_cast<unsigned long long>(counters.accepted), static_cast<unsigned long long>(counters.refused));
    return drained ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "http_echo: %s\n", error.what());
    return 2;
}

// Time, events and helpers in talome/testing.hpp.
#include <talome/testing.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using talome::testing::Host;

namespace {

std::int64_t count(const Host& host, const char* what) { return host.call("clockwork.counts").at(what).as_int64(); }

} // namespace

TEST_CASE("testing: what is due on the way runs at its own time") {
    Host host;
    const auto start = host.nowMs();
    host.advance(9min + 59s);
    CHECK(count(host, "ticks") == 0);
    host.advance(1s);
    CHECK(count(host, "ticks") == 1);
    host.advance(1h);
    CHECK(count(host, "ticks") == 7);
    const auto events = host.events("clockwork.");
    REQUIRE(events.size() == 7);
    for (std::size_t i = 0; i < events.size(); ++i)
        CHECK(events[i].json.at("at") == start + static_cast<std::int64_t>(i + 1) * 600'000);
    CHECK(host.events().empty());
}

TEST_CASE("testing: a task that is woken") {
    Host host;
    CHECK(host.post("/api/clockwork/wind").status == 202);
    host.advance(89s);
    CHECK(count(host, "woken") == 0);
    host.advance(1s);
    CHECK(count(host, "woken") == 1);
}

TEST_CASE("testing: an event of another plugin") {
    Host host;
    host.publish("other.happened", {{"a", 1}});
    host.publish("another.happened", {{"a", 1}});
    CHECK(count(host, "heard") == 1);
}

TEST_CASE("testing: flags, and the security mode") {
    Host host;
    CHECK(host.as("member").get("/api/clockwork/counts").status == 403);
    CHECK(host.as("member", {"clockwork"}).get("/api/clockwork/counts").status == 200);
    CHECK_THROWS_AS(host.through("mcp").call("clockwork.wind"), talome::Conflict); // a person must give leave first
    host.setSetting("security_mode", "locked");
    CHECK_THROWS_AS(host.through("mcp").call("clockwork.wind"), talome::Denied);
    CHECK_NOTHROW(host.call("clockwork.wind"));
}

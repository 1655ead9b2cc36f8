#include "host/audit/throttle.hpp"

#include "host/audit/test_folder.hpp"

#include <doctest/doctest.h>

using namespace talome::audit;

namespace {

constexpr std::int64_t kNow = 1'700'000'000'000, kMinute = 60'000;

Entry refused(std::string peer, std::string username = "") {
    auto refused = entry("users.list", std::move(username));
    refused.outcome = "denied";
    refused.peer = std::move(peer);
    return refused;
}

int admitted(Throttle& throttle, const Entry& entry, int tries, std::int64_t now = kNow) {
    int n = 0;
    for (int i = 0; i < tries; ++i) n += throttle.admit(entry, now);
    return n;
}

} // namespace

TEST_CASE("audit throttle: twenty rows a minute for a stranger, the others are told in one") {
    Throttle throttle;
    CHECK(admitted(throttle, refused("192.0.2.1"), 137) == 20);
    CHECK(admitted(throttle, refused("192.0.2.2"), 5) == 5);
    CHECK(throttle.tell(kNow + kMinute - 1).empty());
    CHECK(throttle.tellsAt() == kNow + kMinute);
    const auto told = throttle.tell(kNow + kMinute);
    REQUIRE(told.size() == 1);
    CHECK(told[0].action == "audit.suppressed");
    CHECK(told[0].peer == "192.0.2.1");
    CHECK(told[0].input.starts_with("{\"count\":117,"));
    CHECK(told[0].userId.empty());
    CHECK_FALSE(throttle.tellsAt());
    CHECK(admitted(throttle, refused("192.0.2.1"), 30, kNow + kMinute) == 20);
}

TEST_CASE("audit throttle: users, and what succeeds, are always written") {
    Throttle throttle;
    CHECK(admitted(throttle, refused("192.0.2.1", "ann"), 100) == 100);
    auto done = refused("192.0.2.1");
    done.outcome = "done";
    CHECK(admitted(throttle, done, 100) == 100);
}

TEST_CASE("audit throttle: an IPv6 neighbour is its /64") {
    Throttle throttle;
    int n = 0;
    for (int i = 0; i < 100; ++i) n += throttle.admit(refused("2001:db8:1:2::" + std::to_string(i)), kNow);
    CHECK(n == 20);
    CHECK(throttle.admit(refused("2001:db8:1:3::1"), kNow));
    CHECK(throttle.tell(kNow, true).at(0).peer == "2001:db8:1:2::/64");
}

TEST_CASE("audit throttle: many neighbours share a day, and one row an hour beyond it") {
    Throttle throttle({.aMinute = 20, .aDay = 30, .neighbours = 1000});
    int n = 0;
    for (int i = 0; i < 100; ++i) n += throttle.admit(refused("192.0.2." + std::to_string(i)), kNow + i * 1000);
    CHECK(n == 30);
    CHECK(throttle.tell(kNow + 10 * kMinute).empty());
    const auto told = throttle.tell(kNow + 61 * kMinute);
    REQUIRE(told.size() == 1);
    CHECK(told[0].input.starts_with("{\"count\":70,"));
    CHECK(throttle.admit(refused("192.0.2.1"), kNow + 24 * 60 * kMinute + 1));
}

TEST_CASE("audit throttle: more neighbours than it tells apart") {
    Throttle throttle({.aMinute = 20, .aDay = 20'000, .neighbours = 10});
    int n = 0;
    for (int i = 0; i < 100; ++i) n += throttle.admit(refused("192.0.2." + std::to_string(i)), kNow);
    CHECK(n == 10);
    CHECK(throttle.tell(kNow, true).size() == 1);
    CHECK(throttle.admit(refused("198.51.100.1"), kNow + kMinute));
}

TEST_CASE("audit throttle: a clock that is set back does not silence anybody") {
    Throttle throttle;
    CHECK(admitted(throttle, refused("192.0.2.1"), 25) == 20);
    CHECK(throttle.tell(kNow - 10 * kMinute).size() == 1);
    CHECK(admitted(throttle, refused("192.0.2.1"), 25, kNow - 10 * kMinute) == 20);
}

#include "host/auth/limiter.hpp"

#include <doctest/doctest.h>

using talome::auth::Limiter;
using talome::auth::networkOf;

namespace {
constexpr std::int64_t kNow = 1'800'000'000'000;
constexpr Limiter::Rule kRule{3, 60'000};
} // namespace

TEST_CASE("failures count for an account and a network, and for no other") {
    Limiter limiter;
    for (int i = 0; i < 3; ++i) CHECK(limiter.admit("ann", "10.0.0.1", kNow, kRule) == 0);
    CHECK(limiter.admit("ann", "10.0.0.1", kNow + 1'000, kRule) == 59);
    CHECK(limiter.admit("ann", "10.0.0.2", kNow, kRule) == 0);
    CHECK(limiter.admit("bob", "10.0.0.1", kNow, kRule) == 0);
    CHECK(limiter.admit("ann", "10.0.0.1", kNow + 60'000, kRule) == 0);
}

TEST_CASE("a network that tries many accounts is stopped as a whole") {
    Limiter limiter;
    for (int i = 0; i < 30; ++i) CHECK(limiter.admit("user" + std::to_string(i), "10.0.0.1", kNow, kRule) == 0);
    CHECK(limiter.admit("another", "10.0.0.1", kNow, kRule) == 60);
    CHECK(limiter.admit("another", "10.0.0.2", kNow, kRule) == 0);
}

TEST_CASE("a login of one's own buys no tries on others") {
    Limiter limiter;
    for (int i = 0; i < 30; ++i) {
        CHECK(limiter.admit("user" + std::to_string(i), "10.0.0.1", kNow, kRule) == 0);
        if (i == 29) break;
        CHECK(limiter.admit("own", "10.0.0.1", kNow, kRule) == 0);
        limiter.succeeded("own", "10.0.0.1");
    }
    CHECK(limiter.admit("own", "10.0.0.1", kNow, kRule) == 60);
}

TEST_CASE("a try that was not made does not count") {
    Limiter limiter;
    for (int i = 0; i < 100; ++i) {
        CHECK(limiter.admit("ann", "10.0.0.1", kNow, kRule) == 0);
        limiter.undone("ann", "10.0.0.1");
    }
}

TEST_CASE("success forgets the failures of the account") {
    Limiter limiter;
    for (int round = 0; round < 4; ++round) {
        CHECK(limiter.admit("ann", "10.0.0.1", kNow, kRule) == 0);
        CHECK(limiter.admit("ann", "10.0.0.1", kNow, kRule) == 0);
        limiter.succeeded("ann", "10.0.0.1");
    }
}

TEST_CASE("an IPv6 neighbour is its /64") {
    CHECK(networkOf("2001:db8:1:2:3:4:5:6") == networkOf("2001:db8:1:2::ffff"));
    CHECK(networkOf("2001:db8:1:2::1") != networkOf("2001:db8:1:3::1"));
    CHECK(networkOf("fe80::1%eth0") == networkOf("fe80::2%eth0"));
    CHECK(networkOf("::ffff:192.0.2.1") == networkOf("192.0.2.1"));
    CHECK(networkOf("192.0.2.1") != networkOf("192.0.2.2"));
    CHECK(networkOf("local") == "local");
    CHECK(networkOf("").empty());
}

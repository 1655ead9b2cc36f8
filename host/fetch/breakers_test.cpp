#include "host/fetch/breakers.hpp"

#include <doctest/doctest.h>

using namespace talome::fetch;
using namespace std::chrono_literals;
using Outcome = Breakers::Outcome;

namespace {

const Breakers::Key kKey{"docker", "http://nas"};

struct Try {
    Breakers breakers;
    Breakers::Clock::time_point now{};
    void fail(int times) {
        for (int i = 0; i < times; ++i) {
            REQUIRE(!breakers.enter(kKey, now));
            breakers.note(kKey, Outcome::failed, now);
        }
    }
};

} // namespace

TEST_CASE("fetch: a breaker opens after five failures in a row, and waits longer each time") {
    Try t;
    t.fail(4);
    REQUIRE(!t.breakers.enter(kKey, t.now));
    t.breakers.note(kKey, Outcome::answered, t.now);
    t.fail(5);
    CHECK(t.breakers.enter(kKey, t.now) == 10s);
    CHECK(!t.breakers.enter({"other", kKey.second}, t.now)); // another plugin, another host
    CHECK(!t.breakers.enter({kKey.first, "http://other"}, t.now));
    for (const auto wait : {10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
        CHECK(t.breakers.enter(kKey, t.now + wait - 1ms) == 1ms);
        t.now += wait;
        REQUIRE(!t.breakers.enter(kKey, t.now));          // one may try
        CHECK(t.breakers.enter(kKey, t.now).has_value()); // and no other meanwhile
        t.breakers.note(kKey, Outcome::failed, t.now);
    }
    t.now += 300s;
    REQUIRE(!t.breakers.enter(kKey, t.now));
    t.breakers.note(kKey, Outcome::answered, t.now);
    t.fail(5);
    CHECK(t.breakers.enter(kKey, t.now) == 10s); // from the beginning
}

TEST_CASE("fetch: a try that was given up lets the next one try, and late failures do not prolong the wait") {
    Try t;
    t.fail(5);
    t.breakers.note(kKey, Outcome::failed, t.now + 5s);
    CHECK(!t.breakers.enter(kKey, t.now + 10s));
    t.breakers.note(kKey, Outcome::unrelated, t.now + 10s);
    CHECK(!t.breakers.enter(kKey, t.now + 10s));
}

TEST_CASE("fetch: breakers are bounded") {
    Breakers breakers;
    for (int i = 0; i < 3000; ++i) breakers.note({"p", std::to_string(i)}, Outcome::failed, {});
    CHECK(!breakers.enter({"p", "0"}, {}));
}

#include "host/server/watchdog.hpp"

#include <doctest/doctest.h>
#include <future>

using namespace std::chrono_literals;
using talome::Pulse;

namespace {

/// A part that answers when the test says so.
struct Worker {
    Pulse::Answered answered;
    int asked = 0;
    Pulse::Part part(Pulse::Clock::duration every, Pulse::Clock::duration patience) {
        return {"worker", every, patience, [this](Pulse::Answered called) {
                    answered = std::move(called);
                    ++asked;
                }};
    }
};

} // namespace

TEST_CASE("watchdog: a part that answers is asked again, and is not silent") {
    Worker worker;
    Pulse pulse({worker.part(10s, 30s)});
    const Pulse::Clock::time_point start{1h};
    CHECK(pulse.beat(start).empty());
    CHECK(worker.asked == 1);
    worker.answered();
    CHECK(pulse.beat(start + 9s).empty());
    CHECK_MESSAGE(worker.asked == 1, "not before its turn");
    CHECK(pulse.beat(start + 10s).empty());
    CHECK(worker.asked == 2);
}

TEST_CASE("watchdog: a part is silent once its patience is over, and is heard again when it answers late") {
    Worker worker;
    Pulse pulse({worker.part(10s, 30s)});
    const Pulse::Clock::time_point start{1h};
    pulse.beat(start);
    CHECK(pulse.beat(start + 30s).empty());
    CHECK(pulse.beat(start + 31s) == std::vector<std::string>{"worker"});
    CHECK_MESSAGE(worker.asked == 1, "not asked twice");
    worker.answered();
    CHECK(pulse.beat(start + 32s).empty());
    CHECK(worker.asked == 2);
}

TEST_CASE("watchdog: an answer may come when the pulse has ended") {
    Worker worker;
    { Pulse({worker.part(10s, 30s)}).beat(Pulse::Clock::time_point{1h}); }
    worker.answered();
}

TEST_CASE("watchdog: pings while the parts answer, on the reactor's thread") {
    talome::tasks::Reactor reactor;
    std::promise<void> third;
    std::atomic<int> pings{0};
    {
        talome::Watchdog watchdog(reactor, 40ms,
                                  {{"quick", 1ms, 1h, [](const Pulse::Answered& answered) { answered(); }}}, [&] {
                                      if (++pings == 3) third.set_value();
                                  });
        CHECK(third.get_future().wait_for(30s) == std::future_status::ready);
    }
    const int then = pings;
    std::promise<void> later;
    reactor.at(talome::tasks::Reactor::Clock::now() + 50ms, [&] { later.set_value(); });
    later.get_future().wait();
    CHECK_MESSAGE(pings == then, "not after its end");
}

TEST_CASE("watchdog: a part that is silent from the start stops the pings") {
    talome::tasks::Reactor reactor;
    std::promise<void> asked;
    std::atomic<int> pings{0};
    talome::Watchdog watchdog(reactor, 20ms, {{"dead", 1ms, -1ms, [&](const Pulse::Answered&) { asked.set_value(); }}},
                              [&] { ++pings; });
    asked.get_future().wait();
    std::promise<void> later;
    reactor.at(talome::tasks::Reactor::Clock::now() + 60ms, [&] { later.set_value(); });
    later.get_future().wait();
    CHECK(pings <= 1); // the one of the beat that asked
}

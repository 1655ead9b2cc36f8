// Tasks by the calendar under a clock that the test sets, and what one generation leaves for the next.
#include "host/tasks/handover.hpp"
#include "host/tasks/wall_clock.hpp"

#include <atomic>
#include <doctest/doctest.h>
#include <future>
#include <thread>

using namespace talome::tasks;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kMinute = 60'000, kHour = 60 * kMinute;
constexpr std::int64_t kMidnight = 1'795'478'400'000; // 2026-11-24, UTC

/// A clock that is set, and one that counts since boot, as the kernel has them; and tasks that run by them.
struct Bench {
    std::atomic<std::int64_t> now{kMidnight}, uptime{kHour};
    std::atomic<int> runs{0};
    Reactor reactor;
    Pool pool{2};
    std::shared_ptr<WallClock> clock = std::make_shared<WallClock>(
        reactor, WallClock::Source{[this] { return now.load(); }, [this] { return uptime.load(); }});

    std::shared_ptr<Task> cron(const char* text, const Task::Left& left = {}) {
        Task::Plan plan;
        plan.cron.emplace(text);
        plan.zone = [] { return std::make_shared<const TimeZone>(); };
        auto task = std::make_shared<Task>(reactor, postTo(pool), clock, std::move(plan), [this](const std::atomic<bool>&) {
            ++runs;
            return Task::Ended{};
        });
        task->activate(left);
        return task;
    }
    void pass(std::int64_t ms) { // time goes by, awake or asleep
        now += ms;
        uptime += ms;
        clock->look();
    }
    void set(std::int64_t ms) { // somebody sets the clock
        now += ms;
        clock->look();
    }
    /// Whether it comes to that: the reactor may be looking at the clock just now, and then tells the tasks of it.
    template <class F> static bool comes(F holds) {
        for (int ms = 0; ms < 5000 && !holds(); ++ms) std::this_thread::sleep_for(1ms);
        return holds();
    }
    /// How often it has run, once nothing runs any more.
    int ran(const Task& task) const {
        while (task.status().running) std::this_thread::sleep_for(1ms);
        return runs;
    }
};

} // namespace

TEST_CASE("a cron task runs once for each tick, whatever the clock does") {
    Bench bench;
    const auto task = bench.cron("0 * * * *");
    CHECK(task->status().nextAt == kMidnight + kHour);
    bench.pass(kHour - 1);
    CHECK(bench.ran(*task) == 0);
    bench.pass(1);
    CHECK(bench.ran(*task) == 1);
    CHECK(task->status().nextAt == kMidnight + 2 * kHour);
    bench.set(-10 * kMinute); // back over a tick: it does not come again
    CHECK(task->status().nextAt == kMidnight + 2 * kHour);
    bench.pass(11 * kMinute);
    CHECK(bench.ran(*task) == 1);
    bench.set(kHour); // forward over a tick: it is not lost
    CHECK(bench.ran(*task) == 2);
    bench.pass(50 * kHour); // the machine slept: of the ticks that were missed one is run
    CHECK(bench.ran(*task) == 3);
    CHECK(task->status().nextAt == kMidnight + 53 * kHour - kHour + kHour);
    bench.set(-30'000 * kHour); // it was wrong by years: planned anew, and nothing is run for that
    CHECK(bench.ran(*task) == 3);
    CHECK(Bench::comes([&] { return *task->status().nextAt <= bench.now + kHour; }));
    bench.set(30'000 * kHour);
    CHECK(bench.ran(*task) == 3);
    CHECK(Bench::comes([&] { return *task->status().nextAt > bench.now; }));
    task->quiesce();
}

TEST_CASE("a wake at a time of the clock survives its being set") {
    Bench bench;
    const auto task = bench.cron("0 0 1 1 *");
    task->wakeAt(kMidnight + 10 * kHour);
    task->wakeAt(kMidnight + 20 * kHour); // the earlier one counts
    CHECK(task->status().nextAt == kMidnight + 10 * kHour);
    bench.set(5 * kHour);
    CHECK(bench.ran(*task) == 0);
    bench.set(6 * kHour);
    CHECK(bench.ran(*task) == 1);
    const auto left = task->quiesce();
    CHECK_FALSE(left.wakeAt);
}

TEST_CASE("the system's own clock wakes") {
    Reactor reactor;
    const auto clock = WallClock::make(reactor);
    std::promise<WallClock::Why> first, second;
    const auto now = clock->now();
    clock->at(now + 30, [&](WallClock::Why why) { second.set_value(why); });
    clock->at(now + 10, [&](WallClock::Why why) { first.set_value(why); });
    clock->cancel(clock->at(now + 5, [&](WallClock::Why) { FAIL("cancelled"); }));
    CHECK(first.get_future().get() == WallClock::Why::due);
    CHECK(second.get_future().get() == WallClock::Why::due);
    CHECK(clock->now() >= now + 30);
}

TEST_CASE("a tick between two generations is run once, by the new one") {
    Bench bench;
    Handover handover;
    const auto replaced = [&](const std::shared_ptr<Task>& old, std::int64_t gap) {
        handover.put("p", "p.tick", old->quiesce());
        if (gap) bench.pass(gap);
        return bench.cron("0 * * * *", handover.take("p", "p.tick").value_or(Task::Left{}));
    };
    auto task = bench.cron("0 * * * *");
    task = replaced(task, 30 * kMinute); // none in the gap
    CHECK(bench.ran(*task) == 0);
    task = replaced(task, 40 * kMinute); // one in the gap
    bench.clock->look();
    CHECK(bench.ran(*task) == 1);
    task = replaced(task, 0); // right after a tick: it does not come again
    bench.clock->look();
    CHECK(bench.ran(*task) == 1);
    bench.now = kMidnight + 2 * kHour; // due, and replaced before anybody looked
    task = replaced(task, 0);
    bench.clock->look();
    CHECK(bench.ran(*task) == 2);
    CHECK(task->status().last); // which the new one knows of the old one
    CHECK_FALSE(handover.take("p", "p.tick"));
    task->quiesce();
}

TEST_CASE("an interval keeps its due time, and a wake that waits is not lost") {
    Bench bench;
    std::atomic<bool> hold{true};
    const auto make = [&](std::chrono::milliseconds period) {
        return std::make_shared<Task>(bench.reactor, postTo(bench.pool), bench.clock, Task::Plan{period, std::nullopt, nullptr},
                                      [&](const std::atomic<bool>& cancelled) {
                                          ++bench.runs;
                                          while (hold && !cancelled) std::this_thread::sleep_for(1ms);
                                          return Task::Ended{};
                                      });
    };
    auto task = make(1h);
    task->activate();
    const auto first = task->quiesce();
    REQUIRE(first.due);
    CHECK_FALSE(first.woken);
    std::this_thread::sleep_for(5ms);
    task = make(1h);
    task->activate(first);
    CHECK(task->quiesce().due == first.due);

    task = make(0ms);
    task->activate();
    task->wake(1h);
    const auto waits = task->quiesce();
    CHECK(waits.woken);
    task = make(0ms);
    task->activate(waits);
    CHECK(task->status().nextAt);
    task->wake(0ms);
    while (!task->status().running) std::this_thread::sleep_for(1ms);
    task->wake(0ms); // while it runs
    std::this_thread::sleep_for(10ms);
    const auto again = task->quiesce(); // cancels what runs; the second one is the next generation's
    CHECK(bench.runs == 1);
    CHECK(again.woken);
    hold = false;
    task = make(0ms);
    task->activate(again);
    while (bench.runs < 2) std::this_thread::sleep_for(1ms);
    task->quiesce();
}

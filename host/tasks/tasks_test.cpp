#include "host/tasks/task.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <future>
#include <talome/io.h>
#include <unistd.h>

using namespace talome::tasks;
using namespace std::chrono_literals;

TEST_CASE("a strand keeps the order and never runs two jobs at once") {
    Pool pool(8);
    const auto strand = std::make_shared<Strand>(pool);
    std::vector<int> seen;
    std::atomic<int> inside{0};
    bool overlapped = false;
    std::promise<void> last;
    for (int i = 0; i < 500; ++i)
        strand->post([&, i] {
            overlapped |= ++inside != 1;
            seen.push_back(i);
            --inside;
            if (i == 499) last.set_value();
        });
    last.get_future().get();
    CHECK_FALSE(overlapped);
    CHECK(std::is_sorted(seen.begin(), seen.end()));
    strand->close();
    strand->post([&] { seen.clear(); });
    CHECK(seen.size() == 500);
}

TEST_CASE("a pool runs what was posted before it ends") {
    std::atomic<int> ran{0};
    {
        Pool pool(3);
        for (int i = 0; i < 100; ++i) pool.post([&] { ++ran; });
    }
    CHECK(ran == 100);
}

TEST_CASE("timers fire in order and can be cancelled") {
    std::vector<int> fired;
    std::promise<void> done;
    Reactor reactor;
    const auto now = Reactor::Clock::now();
    reactor.at(now + 30ms, [&] { fired.push_back(3), done.set_value(); });
    reactor.at(now + 10ms, [&] { fired.push_back(1); });
    reactor.cancel(reactor.at(now + 20ms, [&] { fired.push_back(2); }));
    done.get_future().get();
    CHECK(fired == std::vector<int>{1, 3});
}

TEST_CASE("a watched descriptor tells once until it is armed again") {
    int ends[2];
    REQUIRE(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
    {
        Reactor reactor;
        std::atomic<int> told{0};
        const auto number = reactor.watch(ends[0], TALOME_READABLE, [&](std::uint32_t) { ++told; });
        REQUIRE(write(ends[1], "ab", 2) == 2);
        while (told == 0) std::this_thread::sleep_for(1ms);
        std::this_thread::sleep_for(20ms);
        CHECK(told == 1);
        reactor.rearm(number, TALOME_READABLE);
        while (told == 1) std::this_thread::sleep_for(1ms);
        reactor.unwatch(number);
        reactor.rearm(number, TALOME_READABLE);
        std::this_thread::sleep_for(20ms);
        CHECK(told == 2);
    }
    close(ends[0]);
    close(ends[1]);
}

TEST_CASE("a task that is woken while it runs, runs once more") {
    Reactor reactor;
    std::atomic<int> runs{0};
    std::atomic<bool> hold{true};
    {
        Pool pool(2);
        const auto task = std::make_shared<Task>(reactor, pool, 0ms, [&](const std::atomic<bool>& cancelled) {
            ++runs;
            while (hold && !cancelled) std::this_thread::sleep_for(1ms);
        });
        task->wake(0ms); // not active yet: nothing
        task->activate();
        task->wake(0ms);
        while (runs == 0) std::this_thread::sleep_for(1ms);
        task->wake(0ms);
        task->wake(0ms);
        std::this_thread::sleep_for(20ms);
        CHECK(runs == 1);
        hold = false;
        while (runs == 1) std::this_thread::sleep_for(1ms);
        std::this_thread::sleep_for(20ms);
        CHECK(runs == 2);
        hold = true;
        task->wake(0ms);
        while (runs == 2) std::this_thread::sleep_for(1ms);
        task->quiesce(); // the running one sees `cancelled`
        task->wake(0ms);
        std::this_thread::sleep_for(10ms);
        CHECK(runs == 3);
    }
}

TEST_CASE("a task with a period comes again") {
    Reactor reactor;
    Pool pool(2);
    std::atomic<int> runs{0};
    const auto task = std::make_shared<Task>(reactor, pool, 5ms, [&](const std::atomic<bool>&) { ++runs; });
    task->activate();
    while (runs < 3) std::this_thread::sleep_for(1ms);
    task->quiesce();
}

TEST_CASE("one owner's work leaves threads to the others") {
    Pool pool(4);
    const auto share = std::make_shared<Share>(pool, 2);
    std::atomic<int> inside{0}, most{0}, done{0};
    std::atomic<bool> go{false};
    for (int i = 0; i < 6; ++i)
        share->post([&] {
            most = std::max(most.load(), ++inside);
            while (!go) std::this_thread::sleep_for(1ms);
            --inside;
            ++done;
        });
    std::promise<void> other;
    pool.post([&] { other.set_value(); });
    CHECK(other.get_future().wait_for(30s) == std::future_status::ready);
    go = true;
    while (done < 6) std::this_thread::sleep_for(1ms);
    CHECK(most <= 2);
}

TEST_CASE("a task that does not end is waited for as long as there is patience") {
    Reactor reactor;
    Pool pool(2);
    std::promise<void> began, go;
    const auto task = std::make_shared<Task>(reactor, pool, 0ms, [&](const std::atomic<bool>& cancelled) {
        began.set_value();
        go.get_future().wait();
        CHECK(cancelled);
    });
    task->activate();
    task->wake(0ms);
    began.get_future().wait();
    CHECK(task->quiesce(10ms).goesOn);
    go.set_value();
    CHECK_FALSE(task->quiesce().goesOn);
}

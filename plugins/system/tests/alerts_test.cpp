#include "health/alert_book.hpp"
#include "health/assess.hpp"
#include "health/thresholds.hpp"

#include <doctest/doctest.h>

using namespace talome::system;

namespace {

Check diskCheck(double value, int hold = 0) {
    Check check{.key = "disk:/", .name = "disk", .subject = "/", .limits = Limits{80, 90}, .margin = 2, .holdSeconds = hold};
    check.value = value;
    return check;
}

struct Book {
    AlertBook book;
    std::vector<Judged> judged;
    std::vector<Transition> at(int second, const std::vector<Check>& checks) {
        judged.clear();
        return book.update(checks, {"disk"}, second * 1000LL, judged);
    }
};

} // namespace

TEST_SUITE("system::alerts") {
    TEST_CASE("a value that swings around its limit is told once") {
        Book book;
        int told = 0;
        for (int i = 0; i < 100; ++i) told += static_cast<int>(book.at(i, {diskCheck(i % 2 ? 80.4 : 79.2)}).size());
        CHECK(told == 1);
        CHECK(book.judged[0].level == Level::warning);
        CHECK(book.judged[0].sinceMs == 1000);
        const auto resolved = book.at(200, {diskCheck(77.9)});
        REQUIRE(resolved.size() == 1);
        CHECK(resolved[0].to == Level::ok);
        CHECK(resolved[0].sinceMs == 1000);
        CHECK(resolved[0].atMs == 200'000);
        CHECK(resolved[0].limit == 80);
    }
    TEST_CASE("up and down by steps, each with its margin") {
        Book book;
        CHECK(book.at(1, {diskCheck(95)})[0].to == Level::critical);
        CHECK(book.at(2, {diskCheck(88.1)}).empty());
        const auto down = book.at(3, {diskCheck(87.9)});
        REQUIRE(down.size() == 1);
        CHECK(down[0].from == Level::critical);
        CHECK(down[0].to == Level::warning);
        CHECK(book.at(4, {diskCheck(90)})[0].limit == 90);
        CHECK(book.judged[0].sinceMs == 1000); // since it is not ok
    }
    TEST_CASE("what must last has to last") {
        Book book;
        CHECK(book.at(0, {diskCheck(99, 300)}).empty());
        CHECK(book.at(290, {diskCheck(99, 300)}).empty());
        CHECK(book.at(295, {diskCheck(10, 300)}).empty()); // a moment of rest: it begins anew
        CHECK(book.at(300, {diskCheck(99, 300)}).empty());
        CHECK(book.at(599, {diskCheck(99, 300)}).empty());
        CHECK(book.at(600, {diskCheck(99, 300)}).size() == 1);
    }
    TEST_CASE("a value that swings around the limit of critical is a warning in time, and critical when that lasts") {
        Book book;
        for (int i = 0; i < 30; ++i) CHECK(book.at(10 + i * 10, {diskCheck(i % 2 ? 91 : 85, 300)}).empty());
        const auto told = book.at(310, {diskCheck(85, 300)});
        REQUIRE(told.size() == 1);
        CHECK(told[0].to == Level::warning);
        CHECK(told[0].limit == 80);
        for (int i = 31; i < 61; ++i) CHECK(book.at(10 + i * 10, {diskCheck(91, 300)}).empty());
        CHECK(book.at(620, {diskCheck(91, 300)})[0].to == Level::critical);
        CHECK(book.at(630, {diskCheck(85, 300)})[0].to == Level::warning);
    }
    TEST_CASE("what could not be stored is told the next time, and has not begun anew") {
        AlertBook book;
        std::vector<Judged> judged;
        const auto tryOnce = [&](int second, bool stored) {
            AlertBook next = book;
            const auto transitions = next.update({diskCheck(85, 300)}, {"disk"}, second * 1000LL, judged);
            stored ? void(book = next) : book.keepTimes(next);
            return transitions.size();
        };
        CHECK(tryOnce(10, false) == 0);
        CHECK(tryOnce(310, false) == 1);
        CHECK(tryOnce(320, true) == 1);
        CHECK(tryOnce(330, true) == 0);
    }
    TEST_CASE("a disc that cannot be written is not full") {
        Recorded now;
        now.counters = std::make_shared<Counters>();
        MountState disc;
        disc.mount.path = "/media/film";
        disc.mount.fstype = "udf";
        disc.mount.readOnly = true;
        disc.space = Space{1000, 0, 0, 0, 0};
        now.mounts = {disc};
        const auto has = [&] {
            const auto checks = assess(now, {});
            return std::any_of(checks.begin(), checks.end(), [](const Check& each) { return each.name == "disk"; });
        };
        CHECK_FALSE(has());
        now.mounts[0].mount.readOnly = false;
        CHECK(has());
    }
    TEST_CASE("after a restart nothing is told again, and it is known since when") {
        Book book;
        book.book.load({{"disk:/", "disk", "/", Level::warning, 5}});
        CHECK(book.at(10, {diskCheck(85)}).empty());
        CHECK(book.judged[0].sinceMs == 5);
        Check unknown = diskCheck(0);
        unknown.known = false;
        unknown.value.reset();
        CHECK(book.at(11, {unknown}).empty()); // not known is not well
        CHECK(book.judged[0].level == Level::warning);
        CHECK(book.at(12, {diskCheck(10)}).size() == 1);
    }
    TEST_CASE("what has gone is no longer wrong; other kinds are left alone") {
        Book book;
        book.book.load({{"smart:X", "smart", "/dev/sda", Level::critical, 5}});
        CHECK(book.at(1, {diskCheck(85)}).size() == 1);
        const auto gone = book.at(2, {});
        REQUIRE(gone.size() == 1);
        CHECK(gone[0].check.message == "/ is no longer there");
        CHECK(book.at(3, {}).empty());
    }
    TEST_CASE("thresholds: a warning comes before what is critical") {
        CHECK_NOTHROW(check(Thresholds{{{50, 60}}, {}, {}, {}}));
        for (const Threshold& wrong : {Threshold{60, 60}, Threshold{0, 50}, Threshold{90, 101}, Threshold{80, 20}})
            CHECK_THROWS_AS(check(Thresholds{{}, wrong, {}, {}}), talome::Invalid);
    }
    TEST_CASE("md arrays") {
        const auto checks = parseMdstat(R"(Personalities : [raid1] [raid6] [raid5] [raid4]
md1 : active raid5 sdc1[3] sdb1[1] sda1[0]
      1953260544 blocks super 1.2 level 5, 512k chunk, algorithm 2 [3/3] [UUU]
      bitmap: 0/8 pages [0KB], 65536KB chunk

md0 : active raid1 sdb2[1](F) sda2[0]
      976630464 blocks super 1.2 [2/1] [U_]

unused devices: <none>
)");
        REQUIRE(checks.size() == 2);
        CHECK(checks[0].level == Level::ok);
        CHECK(checks[1].subject == "md0");
        CHECK(checks[1].level == Level::critical);
        CHECK(parseMdstat("Personalities : \nunused devices: <none>\n").empty());
    }
    TEST_CASE("what is read, judged: evidence and what to do") {
        Recorded now;
        auto counters = std::make_shared<Counters>();
        counters->memory = MemoryAmounts{1000, 10, 40, 0, 0, 0, 100, 0};
        now.counters = counters;
        now.temperatures = {{"k10temp", "Tctl", 88, 95.0, "k10temp"}};
        MountState full;
        full.mount.path = "/srv";
        full.space = Space{1000, 50, 50, 0, 0};
        MountState hung;
        hung.mount.path = "/nas";
        hung.mount.kind = MountKind::network;
        hung.unresponsive = true;
        hung.since = std::chrono::steady_clock::now() - std::chrono::seconds(7);
        now.mounts = {full, hung};
        AlertBook book;
        std::vector<Judged> judged;
        const auto checks = assess(now, {});
        book.update(checks, kAssessedKinds, 0, judged);
        std::map<std::string, Judged> byKey;
        for (const auto& each : judged) byKey.emplace(each.check.key, each);
        CHECK(byKey.at("disk:/srv").level == Level::critical);
        CHECK(byKey.at("disk:/srv").check.value == 95);
        CHECK(byKey.at("mount:/nas").level == Level::warning);
        CHECK(byKey.at("mount:/nas").check.evidence.find("7 s") != std::string::npos);
        CHECK_FALSE(byKey.at("cpu").check.known);
        CHECK(byKey.at("temperature:k10temp Tctl").check.limits->warning == 85);
        CHECK(byKey.at("memory").check.value == 96);
        for (const auto& each : checks)
            if (each.known) CHECK_MESSAGE(!each.message.empty(), each.key);
    }
}

#include "history/forecast.hpp"
#include "live/timestamp.hpp"
#include "storage/reclaim_plan.hpp"
#include "storage/tree_size.hpp"
#include "tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

using namespace talome::system;

namespace {

std::int64_t nowMs() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}
std::vector<MountPoint> line(int hours, std::int64_t first, std::int64_t perHour, std::int64_t size) {
    std::vector<MountPoint> points;
    for (int i = 0; i < hours; ++i) points.push_back({i * 3600LL, first + i * perHour, size - first - i * perHour});
    return points;
}
void setAge(const std::string& path, int days) {
    const timespec times[2] = {{::time(nullptr) - days * 86400, 0}, {::time(nullptr) - days * 86400, 0}};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

} // namespace

TEST_SUITE("system::storage") {
    TEST_CASE("when it will be full") {
        const auto growing = forecast("/", line(100, 1'000'000, 1000, 2'000'000), 0);
        CHECK(growing.trend == "growing");
        CHECK(growing.bytesPerDay == 24000);
        CHECK(*growing.daysToFull == doctest::Approx(901.0 / 24).epsilon(0.01));
        CHECK(growing.fit == 1);
        CHECK(growing.fullAt);
        CHECK(forecast("/", line(100, 1'000'000, 0, 2'000'000), 0).trend == "steady");
        const auto shrinking = forecast("/", line(100, 1'000'000, -1000, 2'000'000), 0);
        CHECK(shrinking.trend == "shrinking");
        CHECK_FALSE(shrinking.daysToFull);
        const auto young = forecast("/", line(20, 1'000'000, 1000, 2'000'000), 0);
        CHECK(young.trend == "unknown");
        CHECK_FALSE(young.reason.empty());
        CHECK(forecast("/", {}, 0).trend == "unknown");
    }
    TEST_CASE("times, there and back") {
        CHECK(timestamp(1746087300000) == "2025-05-01T08:15:00.000Z");
        for (const char* text : {"2025-05-01T08:15:00.000Z", "2025-05-01T08:15Z", "2025-05-01T10:15:00+02:00", "2025-05-01T08:15:00"})
            CHECK(parseTimestamp(text) == 1746087300000);
        CHECK(parseTimestamp("2025-05-01T08:15:00.25Z") == 1746087300250);
        for (const char* text : {"", "x", "2025-13-01T00:00:00Z", "2025-02-30", "2025-05-01T24:00:00Z", "2025-05-01T08:15:00.Z", "2025-05-01T08:15:00Zz", "20250501"})
            CHECK_MESSAGE(!parseTimestamp(text), text);
    }
    TEST_CASE("a folder's size: links once, symbolic ones not followed, what is unreadable said") {
        Tree t;
        const auto all = [](std::uint64_t) { return true; };
        t.file("a/one", std::string(100'000, 'x')).file("a/b/two", std::string(50'000, 'x')).link("a/away", "/usr");
        std::filesystem::create_hard_link(t.path("a/one"), t.path("a/again"));
        const auto size = measureTree(t.path("a"), all);
        REQUIRE(size);
        CHECK(size->bytes >= 150'000);
        CHECK(size->bytes < 250'000);
        CHECK(size->files == 3); // one, two, and the link itself
        CHECK(size->unreadable == 0);
        CHECK_FALSE(measureTree(t.path("none"), all));
        CHECK(measureTree(t.path("a"), [](std::uint64_t) { return false; })->cut == false); // too few files to be asked
        for (int i = 0; i < 1100; ++i) t.file("many/" + std::to_string(i), "");
        CHECK(measureTree(t.path("many"), [](std::uint64_t) { return false; })->cut);
    }
    TEST_CASE("a plan names what the rules say, and deletes only that") {
        Tree t;
        t.file("log/old.gz", std::string(5000, 'x')).file("log/deep/older.gz", std::string(9000, 'x')).file("log/young.gz", "x").file("log/live.log", "x");
        t.file("elsewhere.gz", "x").link("log/link.gz", t.path("elsewhere.gz"));
        for (const char* name : {"log/old.gz", "log/deep/older.gz", "log/live.log", "elsewhere.gz"}) setAge(t.path(name), 10);
        const std::vector<ReclaimRule> rules = {{"rotatedLogs", t.path("log"), "old", {".gz"}, 7, Risk::low, true}};
        const auto found = findReclaimable(rules, nowMs());
        REQUIRE(found.size() == 2);
        CHECK(found[0].shown.path == t.path("log/deep/older.gz"));
        CHECK(found[1].shown.id == "rotatedLogs-2");
        CHECK(removeIfSame(found[0]).removed);
        CHECK_FALSE(std::filesystem::exists(found[0].shown.path));
        CHECK(removeIfSame(found[0]).reason == "it is gone");
        CHECK(removeIfSame(found[1]).removed);
        CHECK(std::filesystem::exists(t.path("elsewhere.gz")));
        CHECK(std::filesystem::exists(t.path("log/young.gz")));
    }
    TEST_CASE("what has changed since it was shown stays") {
        Tree t;
        const std::vector<ReclaimRule> rules = {{"old", t.path("d"), "old", {}, 0, Risk::low, true}};
        const auto one = [&](auto&& change) {
            t.file("d/f/file", "as it was");
            setAge(t.path("d/f/file"), 3);
            const auto found = findReclaimable(rules, nowMs());
            REQUIRE(found.size() == 1);
            change();
            const auto removed = removeIfSame(found[0]);
            CHECK_FALSE(removed.removed);
            CHECK_FALSE(removed.reason.empty());
            const std::string reason = removed.reason;
            std::filesystem::remove_all(t.path("d"));
            return reason;
        };
        CHECK(one([&] { t.file("d/f/file", "as it is now"); }).find("changed") != std::string::npos);
        CHECK(one([&] { // the same size and time
                  t.file("d/f/file", "AS IT WAS");
                  setAge(t.path("d/f/file"), 3);
              }).find("changed") != std::string::npos);
        CHECK(one([&] { // another file of that name
                  t.file("d/other", "as it was");
                  std::filesystem::rename(t.path("d/other"), t.path("d/f/file"));
              }).find("changed") != std::string::npos);
        one([&] { // its folder has become a link to elsewhere
            t.file("elsewhere/file", "as it was");
            std::filesystem::remove_all(t.path("d/f"));
            t.link("d/f", t.path("elsewhere"));
        });
        CHECK(std::filesystem::exists(t.path("elsewhere/file")));
        int writer = -1;
        CHECK(one([&] { writer = ::open(t.path("d/f/file").c_str(), O_WRONLY); }).find("writes") != std::string::npos);
        ::close(writer);
    }
    TEST_CASE("a plan counts once, and not for long") {
        ReclaimPlans plans;
        const auto token = plans.keep({PlannedFile{}}, "one", 1000);
        CHECK(plans.look(token, 2000).size() == 1);
        CHECK(plans.take(token, 2000).size() == 1);
        CHECK_THROWS_AS(plans.take(token, 2000), talome::Conflict);
        CHECK_THROWS_AS(plans.take(plans.keep({}, "one", 1000), 1000 + 16 * 60'000), talome::Conflict);
        CHECK_THROWS_AS(plans.look("nonsense", 0), talome::Conflict);
        const auto first = plans.keep({}, "one", 1), others = plans.keep({}, "other", 1);
        for (int i = 2; i < 40; ++i) plans.keep({}, "one", i);
        CHECK_THROWS_AS(plans.take(first, 50), talome::Conflict); // the oldest goes when there are many
        CHECK_NOTHROW(plans.take(others, 50));                    // but not somebody else's
    }
    TEST_CASE("the largest are kept; one search serves all") {
        Tree t;
        for (std::size_t i = 0; i < kMostPlanned + 50; ++i) t.file("d/" + std::to_string(i), i % 41 ? "" : std::string(5000, 'x'));
        const std::vector<ReclaimRule> rules = {{"old", t.path("d"), "old", {}, 0, Risk::low, true}};
        const auto found = findReclaimable(rules, nowMs() + 1000);
        CHECK(found.size() == kMostPlanned);
        CHECK(found.front().shown.id == "old-1");
        const auto large = [](const PlannedFile& each) { return each.shown.bytes > 0; };
        CHECK(std::count_if(found.begin(), found.end(), large) == 50);
        CHECK(std::all_of(found.begin(), found.begin() + 50, large));
        int searches = 0;
        ReclaimSearch search([&] { ++searches; return std::vector<PlannedFile>(3); });
        CHECK_FALSE(search.known());
        CHECK(search.isOld());
        CHECK(search.look()->size() == 3);
        CHECK(search.look() == search.known());
        CHECK(searches == 1);
        search.forget();
        search.look();
        CHECK(searches == 2);
    }
}

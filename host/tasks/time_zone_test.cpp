// Time zones against what the C library says of them, and cron ticks where clocks are changed.
#include "host/tasks/schedule.hpp"
#include "host/tasks/time_zones.hpp"

#include <cstdlib>
#include <ctime>
#include <doctest/doctest.h>
#include <optional>
#include <random>
#include <string>
#include <talome/errors.hpp>
#include <vector>

using namespace talome::tasks;

namespace {

/// TZ as a test needs it, for as long as it lives.
class Environment {
public:
    explicit Environment(const char* zone) {
        if (const char* was = std::getenv("TZ")) was_ = was;
        set(zone);
    }
    ~Environment() { set(was_ ? was_->c_str() : nullptr); }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

private:
    static void set(const char* zone) {
        if (zone)
            ::setenv("TZ", zone, 1);
        else
            ::unsetenv("TZ");
        ::tzset();
    }
    std::optional<std::string> was_;
};

std::int64_t offsetByLibc(std::int64_t utc) {
    const auto time = static_cast<std::time_t>(utc);
    std::tm local{};
    REQUIRE(::localtime_r(&time, &local));
    return local.tm_gmtoff;
}

std::int64_t utc(const char* text) { // "2027-03-28 00:59"
    std::tm parts{};
    REQUIRE(::strptime(text, "%Y-%m-%d %H:%M", &parts));
    return ::timegm(&parts);
}

std::string text(std::int64_t utc) {
    const auto time = static_cast<std::time_t>(utc);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char buffer[32];
    return {buffer, std::strftime(buffer, sizeof buffer, "%Y-%m-%d %H:%M", &parts)};
}

/// Southern, half hours, a change of half an hour, no changes, a day that was left out, the other way round, and rules
/// without a file.
const std::vector<const char*> kZones = {
    "Europe/Berlin",     "America/New_York",  "Australia/Lord_Howe", "Asia/Kolkata",         "Pacific/Apia",
    "America/Sao_Paulo", "Africa/Casablanca", "Europe/Dublin",       "Asia/Kathmandu",       "Antarctica/Troll",
    "America/Nuuk",      "Etc/GMT+5",         "Asia/Gaza",           "America/Scoresbysund", "UTC"};

} // namespace

TEST_CASE("a zone's offset is what the C library says, in the past and the far future") {
    TimeZones zones;
    std::mt19937_64 random(5); // the same each time
    std::uniform_int_distribution<std::int64_t> times(-1'500'000'000, 7'000'000'000);
    for (const char* name : kZones) {
        CAPTURE(name);
        const Environment environment(name);
        const auto zone = zones.get(name);
        for (int i = 0; i < 2000; ++i) {
            const auto at = times(random);
            const auto span = zone->at(at);
            if (span.offset != offsetByLibc(at)) FAIL("at " << at);
            if (span.until == TimeZone::kNever) continue;
            if (zone->at(span.until - 1).offset != offsetByLibc(span.until - 1)) FAIL("before " << span.until);
            if (zone->at(span.until).offset != offsetByLibc(span.until)) FAIL("from " << span.until << " on");
        }
    }
}

TEST_CASE("a rule without a file is read as the C library reads it") {
    std::mt19937_64 random(6);
    std::uniform_int_distribution<std::int64_t> times(0, 7'000'000'000);
    for (const char* rule :
         {"CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "<-03>3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
          "IST-1GMT0,M10.5.0,M3.5.0/1", "EET-2EEST,M3.5.0/0,M10.5.0/0", "WGT3WGST,M3.5.0/-2,M10.5.0/-1",
          "XXX3YYY,J60,J300/4", "XXX3YYY,59,299/4"}) {
        CAPTURE(rule);
        const Environment environment(rule);
        const auto zone = TimeZone::fromRule(rule);
        for (int i = 0; i < 2000; ++i) {
            const auto at = times(random);
            if (zone.at(at).offset != offsetByLibc(at)) FAIL("at " << at);
        }
    }
    for (const char* wrong : {"", "C", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
                              "CET-1CEST,M3.5.0,M10.5.0/3x", "<CET-1"})
        CHECK_THROWS_AS(TimeZone::fromRule(wrong), std::runtime_error);
}

TEST_CASE("ticks where the clock is changed") {
    // Berlin: 28 March 2027 at 01:00 UTC from 02:00 to 03:00; 31 October 2027 at 01:00 UTC from 03:00 back to 02:00.
    // Lord Howe: half an hour, on 3 October 2027 at 15:30 UTC (2 October) from 02:00 to 02:30.
    // Apia had no 30 December 2011.
    const struct {
        const char *zone, *cron, *after;
        std::vector<const char*> ticks;
    } rows[] = {
        {"Europe/Berlin",
         "30 3 * * *",
         "2027-03-26 12:00",
         {"2027-03-27 02:30", "2027-03-28 01:30", "2027-03-29 01:30"}},
        {"Europe/Berlin",
         "30 2 * * *",
         "2027-03-26 12:00",
         {"2027-03-27 01:30", "2027-03-28 01:00", "2027-03-29 00:30"}},
        {"Europe/Berlin",
         "0,30 2 * * *",
         "2027-03-27 12:00",
         {"2027-03-28 01:00", "2027-03-29 00:00", "2027-03-29 00:30"}},
        {"Europe/Berlin", "30 2 * * *", "2027-03-28 00:59", {"2027-03-28 01:00", "2027-03-29 00:30"}},
        {"Europe/Berlin", "30 2 * * *", "2027-03-28 01:00", {"2027-03-29 00:30"}},
        {"Europe/Berlin", "0 3 28 3 *", "2027-03-28 00:00", {"2027-03-28 01:00", "2028-03-28 01:00"}},
        {"Europe/Berlin", "30 2 * * *", "2027-10-30 12:00", {"2027-10-31 00:30", "2027-11-01 01:30"}},
        {"Europe/Berlin", "30 2 * * *", "2027-10-31 01:10", {"2027-11-01 01:30"}}, // in the second two o'clock
        {"Europe/Berlin", "0 3 * * *", "2027-10-30 12:00", {"2027-10-31 02:00", "2027-11-01 02:00"}},
        {"Europe/Berlin",
         "*/30 * * * *",
         "2027-03-28 00:15",
         {"2027-03-28 00:30", "2027-03-28 01:00", "2027-03-28 01:30"}},
        {"Europe/Berlin",
         "*/30 * * * *",
         "2027-10-31 00:15",
         {"2027-10-31 00:30", "2027-10-31 01:00", "2027-10-31 01:30", "2027-10-31 02:00"}},
        {"Europe/Berlin",
         "15 * * * *",
         "2027-10-31 00:00",
         {"2027-10-31 00:15", "2027-10-31 01:15", "2027-10-31 02:15"}},
        {"Europe/Berlin", "@daily", "2027-03-27 12:00", {"2027-03-27 23:00", "2027-03-28 22:00"}},
        {"Europe/Berlin", "0 0 29 2 *", "2026-11-24 00:00", {"2028-02-28 23:00", "2032-02-28 23:00"}},
        {"Europe/Berlin", "30 2 * * *", "2050-03-26 12:00", {"2050-03-27 01:00", "2050-03-28 00:30"}}, // past the table
        {"Australia/Lord_Howe",
         "15 2 * * *",
         "2027-10-01 12:00",
         {"2027-10-01 15:45", "2027-10-02 15:30", "2027-10-03 15:15"}},
        {"Pacific/Apia",
         "0 12 * * *",
         "2011-12-28 00:00",
         {"2011-12-28 22:00", "2011-12-29 22:00", "2011-12-30 10:00", "2011-12-30 22:00"}},
        {"Asia/Kolkata", "0 6 * * mon", "2026-11-24 00:00", {"2026-11-30 00:30", "2026-12-07 00:30"}},
        {"UTC", "59 23 31 12 *", "2026-12-31 23:58", {"2026-12-31 23:59", "2027-12-31 23:59"}},
    };
    TimeZones zones;
    for (const auto& row : rows) {
        CAPTURE(row.zone);
        CAPTURE(row.cron);
        const talome::manifest::Cron cron(row.cron);
        auto at = utc(row.after) * 1000;
        for (const char* tick : row.ticks) {
            at = nextTick(cron, *zones.get(row.zone), at);
            CHECK(text(at / 1000) == tick);
        }
    }
}

TEST_CASE("ticks never go back and never come twice, whatever the zone") {
    TimeZones zones;
    std::mt19937_64 random(7);
    std::uniform_int_distribution<std::int64_t> times(utc("2027-01-01 00:00"), utc("2028-01-01 00:00"));
    for (const char* name : kZones)
        for (const char* text : {"*/7 * * * *", "30 2 * * *", "0,15,45 1-3 * * *", "59 23 * * sun"}) {
            const talome::manifest::Cron cron(text);
            const auto zone = zones.get(name);
            for (int i = 0; i < 200; ++i) {
                const auto after = times(random) * 1000 + 500;
                const auto tick = nextTick(cron, *zone, after);
                REQUIRE(tick > after);
                const auto between = after + (tick - after) / 2; // from wherever it is asked, it is the same
                REQUIRE(nextTick(cron, *zone, between) == tick);
                REQUIRE(nextTick(cron, *zone, tick - 1) == tick);
            }
        }
}

TEST_CASE("zones that are not there, and files that are none") {
    TimeZones zones;
    for (const char* name :
         {"Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "Europe", "Europe/", "Berlin//x", "zone.tab"})
        CHECK_THROWS_WITH_AS(zones.get(name), doctest::Contains("time zone"), talome::Invalid);
    CHECK_THROWS_WITH_AS(zones.get("right/Europe/Berlin"), doctest::Contains("leap seconds"), talome::Invalid);
    CHECK(TimeZones("/nonexistent").get("UTC")->at(0).offset == 0);
    const std::string whole = [] {
        std::string bytes;
        std::FILE* file = std::fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
        REQUIRE(file);
        char buffer[4096];
        for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;) bytes.append(buffer, n);
        std::fclose(file);
        return bytes;
    }();
    CHECK(TimeZone::fromFile(whole).at(utc("2027-07-01 00:00")).offset == 7200);
    for (std::size_t n = 0; n < whole.size(); n += 7)
        CHECK_THROWS_AS(TimeZone::fromFile(whole.substr(0, n)), std::runtime_error);
    std::mt19937_64 random(8);
    for (int i = 0; i < 2000; ++i) { // any damage is refused, or read without harm
        auto damaged = whole;
        damaged[random() % damaged.size()] = static_cast<char>(random());
        try {
            const auto zone = TimeZone::fromFile(damaged);
            static_cast<void>(zone.firstAt(utc("2027-03-28 02:30")));
        } catch (const std::runtime_error&) {
            continue;
        }
    }
}

TEST_CASE("the server's own zone is that of TZ") {
    TimeZones zones("/usr/share/zoneinfo", "/usr/share/zoneinfo/Asia/Tokyo");
    const auto summer = utc("2027-07-01 00:00");
    const struct {
        const char* tz;
        std::int64_t offset;
    } rows[] = {{"Europe/Berlin", 7200},
                {":America/New_York", -14'400},
                {"/usr/share/zoneinfo/Asia/Kolkata", 19'800},
                {"EST5EDT,M3.2.0,M11.1.0", -14'400},
                {nullptr, 32'400}};
    for (const auto& row : rows) {
        const Environment environment(row.tz);
        CHECK(zones.get("")->at(summer).offset == row.offset);
    }
    const Environment environment("Nowhere/At/All");
    CHECK_THROWS_WITH_AS(zones.get(""), doctest::Contains("the server's own"), talome::Invalid);
}

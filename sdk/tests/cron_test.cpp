// Cron expressions, as data: what each means from a moment on, and why others are refused.
#include "sdk/manifest/cron.hpp"

#include <talome/errors.hpp>

#include <cstdio>
#include <doctest/doctest.h>
#include <string>

namespace {

using namespace talome::manifest;
using namespace std::chrono;

LocalMinute at(const char* text) { // "2026-11-24 20:15"
    int y = 0, mo = 0, d = 0, h = 0, mi = 0;
    REQUIRE(std::sscanf(text, "%d-%d-%d %d:%d", &y, &mo, &d, &h, &mi) == 5);
    return local_days{year{y} / mo / d} + hours{h} + minutes{mi};
}

std::string text(LocalMinute time) {
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const auto minute = (time - day).count();
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%d-%02u-%02u %02d:%02d", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(minute / 60),
                  static_cast<int>(minute % 60));
    return buffer;
}

std::string refusal(const char* cron) {
    try {
        const Cron parsed(cron);
    } catch (const talome::Invalid& wrong) {
        return wrong.what();
    }
    return "accepted";
}

} // namespace

TEST_CASE("the next time that a cron expression means") {
    // 24 November 2026 is a Tuesday.
    const struct {
        const char *cron, *from, *next;
    } rows[] = {
        {"* * * * *", "2026-11-24 20:15", "2026-11-24 20:15"},
        {"30 3 * * *", "2026-11-24 20:15", "2026-11-25 03:30"},
        {"30 3 * * *", "2026-11-25 03:30", "2026-11-25 03:30"},
        {"30 3 * * *", "2026-11-25 03:31", "2026-11-26 03:30"},
        {"*/15 * * * *", "2026-11-24 20:16", "2026-11-24 20:30"},
        {"*/15 * * * *", "2026-11-24 23:46", "2026-11-25 00:00"},
        {"7-59/20 * * * *", "2026-11-24 20:28", "2026-11-24 20:47"},
        {"5,35 8-10 * * *", "2026-11-24 10:36", "2026-11-25 08:05"},
        {"0 0 1 * *", "2026-12-31 00:01", "2027-01-01 00:00"},
        {"0 0 31 * *", "2026-11-24 00:00", "2026-12-31 00:00"}, // November has no 31st
        {"0 0 29 2 *", "2026-11-24 00:00", "2028-02-29 00:00"},
        {"0 0 29 2 *", "2096-03-01 00:00", "2104-02-29 00:00"}, // 2100 is no leap year
        {"0 9 * * mon-fri", "2026-11-27 09:01", "2026-11-30 09:00"},
        {"0 9 * * Fri-Sun", "2026-11-27 09:01", "2026-11-28 09:00"},
        {"0 9 * * 5-7", "2026-11-28 09:01", "2026-11-29 09:00"},
        {"0 9 * * 0", "2026-11-24 00:00", "2026-11-29 09:00"},
        {"0 9 * * 7", "2026-11-24 00:00", "2026-11-29 09:00"},
        {"0 9 * * sun", "2026-11-24 00:00", "2026-11-29 09:00"},
        {"0 0 1 jan,JUL *", "2026-11-24 00:00", "2027-01-01 00:00"},
        {"0 0 13 * 5", "2026-11-24 00:00", "2026-11-27 00:00"}, // both day fields: a Friday, or the 13th
        {"0 0 13 * 5", "2026-12-12 00:00", "2026-12-13 00:00"},
        {"0 0 */2 * 1", "2026-11-24 00:00", "2026-12-07 00:00"}, // `*` with a step: Mondays on an odd day
        {"0 0 1-7 * *", "2026-11-24 00:00", "2026-12-01 00:00"},
        {"0 0 31 4,5 *", "2026-11-24 00:00", "2027-05-31 00:00"},
        {"@hourly", "2026-11-24 20:15", "2026-11-24 21:00"},
        {"@daily", "2026-11-24 20:15", "2026-11-25 00:00"},
        {"@midnight", "2026-11-24 00:00", "2026-11-24 00:00"},
        {"@weekly", "2026-11-24 20:15", "2026-11-29 00:00"},
        {"@monthly", "2026-11-24 20:15", "2026-12-01 00:00"},
        {"@yearly", "2026-11-24 20:15", "2027-01-01 00:00"},
        {"\t 0   4 \t* * * ", "2026-11-24 20:15", "2026-11-25 04:00"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.cron);
        CAPTURE(row.from);
        CHECK(text(Cron(row.cron).next(at(row.from))) == row.next);
    }
}

TEST_CASE("a cron expression that cannot be is refused with the field and the reason") {
    const struct {
        const char *cron, *why;
    } rows[] = {
        {"", "cron: expected five fields"},
        {"* * * *", "cron: expected five fields, minute hour day-of-month month day-of-week, not 4"},
        {"* * * * * *", "not 6"},
        {"60 * * * *", "minute: 60 is not from 0 to 59"},
        {"* 24 * * *", "hour: 24 is not from 0 to 23"},
        {"* * 0 * *", "day of month: 0 is not from 1 to 31"},
        {"* * * 13 *", "month: 13 is not from 1 to 12"},
        {"* * * * 8", "day of week: 8 is not from 0 to 7"},
        {"-1 * * * *", "minute: a number is missing"},
        {"1- * * * *", "minute: a number is missing"},
        {"1,,2 * * * *", "minute: a number is missing"},
        {"22-2 * * * *", "minute: '22-2' goes backwards"},
        {"*/0 * * * *", "minute: '0' is no step of it"},
        {"*/60 * * * *", "minute: '60' is no step of it"},
        {"*/ * * * *", "minute: '' is no step of it"},
        {"5/10 * * * *", "minute: a step needs a range before it, or *"},
        {"1-5-7 * * * *", "minute: '5-7' is no value of it"},
        {"99999999999 * * * *", "minute: '99999999999' is no value of it"},
        {"* * L * *", "day of month: 'L' is no value of it"},
        {"* * * * mon#2", "day of week: 'mon#2' is no value of it"},
        {"* * * foo *", "month: 'foo' is no value of it"},
        {"mon * * * *", "minute: 'mon' is no value of it"},
        {"@reboot", "cron: '@reboot' is none of @hourly"},
        {"0 0 30 2 *", "day of month: there is no such day in the months that are named"},
        {"0 0 31 apr,jun *", "there is no such day"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.cron);
        const auto why = refusal(row.cron);
        CHECK_MESSAGE(why.find(row.why) != std::string::npos, why);
    }
    CHECK(refusal(std::string(300, ' ').c_str()).find("longer") != std::string::npos);
    CHECK(refusal("0 0 30 2 1") == "accepted"); // or a Monday
}

TEST_CASE("what follows the hours is told from what names times of the day") {
    for (const auto* cron : {"* * * * *", "*/5 * * * *", "30 * * * *", "* 2 * * *", "0 */2 * * *", "@hourly"})
        CHECK(Cron(cron).isEven());
    for (const auto* cron : {"30 2 * * *", "0-59 2 * * *", "0 0-23 * * *", "@daily"}) CHECK_FALSE(Cron(cron).isEven());
}

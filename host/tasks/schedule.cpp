// When a cron expression is due next.
#include "host/tasks/schedule.hpp"

namespace talome::tasks {

namespace {

using manifest::LocalMinute;
using std::chrono::minutes;

std::int64_t secondsOf(LocalMinute local) { return local.time_since_epoch().count() * 60; }

/// The first whole minute that is not before these seconds.
LocalMinute minuteFrom(std::int64_t localSeconds) {
    return LocalMinute(std::chrono::ceil<minutes>(std::chrono::seconds(localSeconds)));
}

/// Within each span between two changes of the clock, local time goes as UTC does.
std::int64_t nextEven(const manifest::Cron& cron, const TimeZone& zone, std::int64_t from) {
    for (auto utc = from;;) {
        const auto span = zone.at(utc);
        const auto due = secondsOf(cron.next(minuteFrom(utc + span.offset))) - span.offset;
        if (due < span.until) return due;
        utc = span.until;
    }
}

std::int64_t nextNamed(const manifest::Cron& cron, const TimeZone& zone, std::int64_t after) {
    auto local = cron.next(minuteFrom(after + zone.at(after).offset));
    for (;;) { // past what was there before the clock was set back
        const auto due = zone.firstAt(secondsOf(local));
        if (due > after) return due;
        local = cron.next(local + minutes(1));
    }
}

} // namespace

std::int64_t nextTick(const manifest::Cron& cron, const TimeZone& zone, std::int64_t afterMs) {
    const auto after = std::chrono::floor<std::chrono::seconds>(std::chrono::milliseconds(afterMs)).count();
    return (cron.isEven() ? nextEven(cron, zone, after + 1) : nextNamed(cron, zone, after)) * 1000;
}

} // namespace talome::tasks

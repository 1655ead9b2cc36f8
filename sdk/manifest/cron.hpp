// A cron expression: five fields, as POSIX and Vixie's cron have them. It knows the calendar, but no time zone.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace talome::manifest {

/// A time as the clock on the wall shows it.
using LocalMinute = std::chrono::local_time<std::chrono::minutes>;

/// Immutable; any thread.
class Cron {
public:
    /// Minute (0-59), hour (0-23), day of month (1-31), month (1-12 or jan-dec), day of week (0-7 or sun-sat; 0 and 7
    /// are Sunday), each `*`, a number, a range, a list of these, a step behind `*` or a range; or @hourly, @daily,
    /// @midnight, @weekly, @monthly, @yearly, @annually. Throws talome::Invalid with the field and the reason, also for
    /// a date that never comes.
    explicit Cron(std::string_view text);

    /// The first time it means that is not before `from`. If both day fields are restricted, one of them is enough;
    /// a field that begins with `*` does not restrict, with a step neither.
    LocalMinute next(LocalMinute from) const;

    /// Whether it follows the hours as they go by ("*/5 * * * *") instead of naming times of the day: then a change of
    /// the clock makes it neither miss nor repeat anything.
    bool isEven() const { return even_; }

private:
    bool isOn(std::chrono::year_month_day, std::chrono::weekday) const;

    std::uint64_t minutes_ = 0, hours_ = 0, days_ = 0, months_ = 0, weekdays_ = 0; ///< a bit for each value
    bool anyDay_ = false, anyWeekday_ = false, even_ = false;
};

} // namespace talome::manifest

// Reads a point in time, by hand and strictly: Poco's parser takes a good deal that is no time at all.
#include "host/api/rfc3339.hpp"

#include <chrono>

namespace talome::api {

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// Takes what it recognises from the front; once something was not there, `good` stays false.
struct Reader {
    std::string_view rest;
    bool good = true;

    int number(std::size_t digits) {
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            good = good && i < rest.size() && isDigit(rest[i]);
            if (!good) return 0;
            value = value * 10 + (rest[i] - '0');
        }
        rest.remove_prefix(digits);
        return value;
    }
    void sign(std::string_view oneOf) {
        good = good && !rest.empty() && oneOf.find(rest[0]) != std::string_view::npos;
        if (good) rest.remove_prefix(1);
    }
    /// Of ".25" 250; further digits do not count.
    int milliseconds() {
        if (!good || !rest.starts_with('.')) return 0;
        rest.remove_prefix(1);
        int value = 0, digits = 0;
        for (; !rest.empty() && isDigit(rest[0]); rest.remove_prefix(1))
            if (digits++ < 3) value = value * 10 + (rest[0] - '0');
        good = digits > 0 && digits <= 9;
        for (; digits < 3; ++digits) value *= 10;
        return value;
    }
    std::chrono::minutes offset() {
        if (!good || rest.empty()) {
            good = false;
            return {};
        }
        const char direction = rest[0];
        sign("Zz+-");
        if (!good || direction == 'Z' || direction == 'z') return {};
        const int hours = number(2);
        sign(":");
        const int minutes = number(2);
        good = good && hours < 24 && minutes < 60;
        return std::chrono::minutes((direction == '-' ? -1 : 1) * (hours * 60 + minutes));
    }
};

} // namespace

std::optional<std::int64_t> epochMsOf(std::string_view text) {
    Reader reader{text};
    const int year = reader.number(4);
    reader.sign("-");
    const int month = reader.number(2);
    reader.sign("-");
    const int day = reader.number(2);
    reader.sign("Tt ");
    const int hour = reader.number(2);
    reader.sign(":");
    const int minute = reader.number(2);
    reader.sign(":");
    const int second = reader.number(2), fraction = reader.milliseconds();
    const auto offset = reader.offset();
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!reader.good || !reader.rest.empty() || !date.ok() || hour > 23 || minute > 59 || second > 59)
        return std::nullopt;
    const auto time = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) - offset +
                      std::chrono::seconds(second) + std::chrono::milliseconds(fraction);
    return time.time_since_epoch().count();
}

} // namespace talome::api

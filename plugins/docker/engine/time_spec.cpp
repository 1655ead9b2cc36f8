// Reads the three notations by hand: dates by std::chrono's calendar, so that a 30th of February is refused.
#include "engine/time_spec.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace talome::docker {

namespace {

constexpr std::int64_t kLatest = 253402300799; // 9999-12-31T23:59:59Z

bool digit(char c) { return c >= '0' && c <= '9'; }

// Takes a run of digits off the front; nothing if there is none, or if it is too long for any real time.
std::optional<std::int64_t> takeNumber(std::string_view& text, std::size_t longest = 12) {
    std::size_t length = 0;
    while (length < text.size() && digit(text[length])) ++length;
    if (length == 0 || length > longest) return std::nullopt;
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + length, value);
    text.remove_prefix(length);
    return value;
}

// ".25" as nanoseconds; digits beyond the ninth are dropped.
std::optional<std::int32_t> takeFraction(std::string_view& text) {
    if (!text.starts_with('.')) return 0;
    text.remove_prefix(1);
    std::int32_t nanos = 0, unit = 100'000'000;
    std::size_t length = 0;
    for (; length < text.size() && digit(text[length]); ++length, unit /= 10) nanos += (text[length] - '0') * unit;
    if (length == 0) return std::nullopt;
    text.remove_prefix(length);
    return nanos;
}

std::optional<Instant> parseUnix(std::string_view text) {
    const auto seconds = takeNumber(text);
    if (!seconds || *seconds > kLatest) return std::nullopt;
    const auto nanos = takeFraction(text);
    if (!nanos || !text.empty()) return std::nullopt;
    return Instant{*seconds, *nanos};
}

std::optional<Instant> parseAgo(std::string_view text, std::int64_t nowMs) {
    std::int64_t total = 0;
    while (!text.empty()) {
        const auto amount = takeNumber(text, 9);
        if (!amount || text.empty()) return std::nullopt;
        std::int64_t unit = 0;
        switch (text.front()) {
        case 's':
            unit = 1;
            break;
        case 'm':
            unit = 60;
            break;
        case 'h':
            unit = 3600;
            break;
        case 'd':
            unit = 86400;
            break;
        case 'w':
            unit = 604800;
            break;
        default:
            return std::nullopt;
        }
        text.remove_prefix(1);
        total += *amount * unit;
    }
    const std::int64_t ms = nowMs - total * 1000;
    if (ms < 0) return Instant{};
    return Instant{ms / 1000, static_cast<std::int32_t>(ms % 1000 * 1'000'000)};
}

// Fixed-width fields of a date or a time: "2026-11-24" with '-', "10:11:12" with ':'.
std::optional<std::array<int, 3>> takeTriple(std::string_view& text, char separator, std::size_t firstWidth) {
    std::array<int, 3> result{};
    for (std::size_t i = 0; i < 3; ++i) {
        if (i > 0) {
            if (!text.starts_with(separator)) return std::nullopt;
            text.remove_prefix(1);
        }
        const std::size_t before = text.size(), width = i == 0 ? firstWidth : 2;
        const auto value = takeNumber(text, width);
        if (!value || before - text.size() != width) return std::nullopt;
        result[i] = static_cast<int>(*value);
    }
    return result;
}

// "Z", "+02:00", "-0530", as seconds to take off.
std::optional<int> takeZone(std::string_view& text) {
    if (text == "Z" || text == "z") {
        text = {};
        return 0;
    }
    if (text.size() < 5 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    const int sign = text[0] == '+' ? 1 : -1;
    std::string digits(text.substr(1));
    if (digits.size() == 5 && digits[2] == ':') digits.erase(2, 1);
    std::string_view rest = digits;
    const auto value = takeNumber(rest, 4);
    if (!value || digits.size() != 4 || !rest.empty() || *value / 100 > 23 || *value % 100 > 59) return std::nullopt;
    text = {};
    return sign * static_cast<int>(*value / 100 * 3600 + *value % 100 * 60);
}

std::optional<Instant> parseRfc3339(std::string_view text) {
    using namespace std::chrono;
    const auto date = takeTriple(text, '-', 4);
    if (!date) return std::nullopt;
    const year_month_day day{year{(*date)[0]}, month{static_cast<unsigned>((*date)[1])},
                             std::chrono::day{static_cast<unsigned>((*date)[2])}};
    if (!day.ok()) return std::nullopt;
    std::int64_t seconds = sys_days{day}.time_since_epoch().count() * std::int64_t{86400};
    if (text.empty()) return Instant{seconds, 0};
    if (text.front() != 'T' && text.front() != 't' && text.front() != ' ') return std::nullopt;
    text.remove_prefix(1);
    const auto time = takeTriple(text, ':', 2);
    if (!time || (*time)[0] > 23 || (*time)[1] > 59 || (*time)[2] > 60) return std::nullopt;
    const auto nanos = takeFraction(text);
    if (!nanos) return std::nullopt;
    const auto zone = takeZone(text);
    if (!zone) return std::nullopt;
    seconds += (*time)[0] * 3600 + (*time)[1] * 60 + (*time)[2] - *zone;
    if (seconds < 0) return std::nullopt;
    return Instant{seconds, *nanos};
}

} // namespace

std::string Instant::engineText() const {
    std::array<char, 40> text{};
    const int length = std::snprintf(text.data(), text.size(), "%lld.%09d", static_cast<long long>(seconds), nanos);
    return {text.data(), static_cast<std::size_t>(length)};
}

std::optional<Instant> parseInstant(std::string_view text, std::int64_t nowMs) {
    if (text.empty() || text.size() > 64) return std::nullopt;
    if (const auto instant = parseUnix(text)) return instant;
    if (const auto instant = parseRfc3339(text)) return instant;
    return parseAgo(text, nowMs);
}

std::string isoTime(std::int64_t unixSeconds) {
    using namespace std::chrono;
    const sys_seconds time{seconds{unixSeconds}};
    const auto days = floor<std::chrono::days>(time);
    const year_month_day day{days};
    const hh_mm_ss clock{time - days};
    std::array<char, 48> text{};
    const int length = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", int(day.year()),
                                     unsigned(day.month()), unsigned(day.day()), int(clock.hours().count()),
                                     int(clock.minutes().count()), int(clock.seconds().count()));
    return {text.data(), static_cast<std::size_t>(length)};
}

} // namespace talome::docker

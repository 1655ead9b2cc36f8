#include "live/timestamp.hpp"

#include <chrono>

namespace talome::system {

using namespace std::chrono;

std::string timestamp(std::int64_t ms) {
    const sys_time<milliseconds> time{milliseconds(ms)};
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    std::string text = "0000-00-00T00:00:00.000Z"; // written by hand: a week of history has two thousand of these
    const auto put = [&](std::size_t at, std::size_t n, long long number) {
        for (; n > 0; number /= 10) text[at + --n] = static_cast<char>('0' + number % 10);
    };
    put(0, 4, static_cast<int>(date.year()));
    put(5, 2, static_cast<unsigned>(date.month()));
    put(8, 2, static_cast<unsigned>(date.day()));
    put(11, 2, clock.hours().count());
    put(14, 2, clock.minutes().count());
    put(17, 2, clock.seconds().count());
    put(20, 3, clock.subseconds().count());
    return text;
}

namespace {

/// Takes `n` digits off the front.
std::optional<int> digits(std::string_view& text, std::size_t n) {
    if (text.size() < n) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < n; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(n);
    return value;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

/// Z, +02:00 or nothing, which means UTC; minutes. Nothing left over.
std::optional<int> offset(std::string_view text) {
    if (text.empty() || text == "Z" || text == "z") return 0;
    const bool minus = text.front() == '-';
    if (!minus && text.front() != '+') return std::nullopt;
    text.remove_prefix(1);
    const auto hours = digits(text, 2);
    take(text, ':');
    const auto minutes = digits(text, 2);
    if (!hours || !minutes || !text.empty() || *hours > 23 || *minutes > 59) return std::nullopt;
    const int all = *hours * 60 + *minutes;
    return minus ? -all : all;
}

} // namespace

std::optional<std::int64_t> parseTimestamp(std::string_view text) {
    const auto y = digits(text, 4);
    if (!y || !take(text, '-')) return std::nullopt;
    const auto m = digits(text, 2);
    if (!m || !take(text, '-')) return std::nullopt;
    const auto d = digits(text, 2);
    if (!d) return std::nullopt;
    const year_month_day date(year(*y), month(static_cast<unsigned>(*m)), day(static_cast<unsigned>(*d)));
    if (!date.ok()) return std::nullopt;
    std::int64_t ms = duration_cast<milliseconds>(sys_days(date).time_since_epoch()).count();
    if (text.empty()) return ms;
    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
    const auto hour = digits(text, 2);
    if (!hour || !take(text, ':')) return std::nullopt;
    const auto minute = digits(text, 2);
    if (!minute) return std::nullopt;
    int second = 0, fraction = 0;
    if (take(text, ':')) {
        const auto seconds = digits(text, 2);
        if (!seconds) return std::nullopt;
        second = *seconds;
        if (take(text, '.')) {
            int n = 0;
            while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
                if (n < 3) fraction = fraction * 10 + (text.front() - '0');
                text.remove_prefix(1);
                ++n;
            }
            if (n == 0) return std::nullopt;
            for (; n < 3; ++n) fraction *= 10;
        }
    }
    const auto zone = offset(text);
    if (!zone || *hour > 23 || *minute > 59 || second > 60) return std::nullopt;
    return ms + ((*hour * 60LL + *minute - *zone) * 60 + second) * 1000 + fraction;
}

} // namespace talome::system

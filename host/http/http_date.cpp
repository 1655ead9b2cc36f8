// Dates in HTTP fields (RFC 9110, 5.6.7): written in one form, read in the three that there have been.
#include "host/http/http_date.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace talome::http {

namespace {

constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::string_view kLongDays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Takes a date apart from its front. Once something is not as it should be, `fine` is false for good.
struct Reader {
    std::string_view rest;
    bool fine = true;

    void text(std::string_view expected) {
        fine = fine && rest.starts_with(expected);
        if (fine) rest.remove_prefix(expected.size());
    }
    template <std::size_t N> unsigned oneOf(const std::string_view (&names)[N]) {
        for (unsigned i = 0; fine && i < N; ++i)
            if (rest.starts_with(names[i])) {
                rest.remove_prefix(names[i].size());
                return i;
            }
        fine = false;
        return 0;
    }
    unsigned digits(std::size_t n) {
        unsigned value = 0;
        fine = fine && rest.size() >= n;
        for (std::size_t i = 0; fine && i < n; ++i) {
            fine = rest[i] >= '0' && rest[i] <= '9';
            value = value * 10 + static_cast<unsigned>(rest[i] - '0');
        }
        if (fine) rest.remove_prefix(n);
        return fine ? value : 0;
    }
};

struct Parts {
    unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

void readTime(Reader& in, Parts& parts) {
    parts.hour = in.digits(2);
    in.text(":");
    parts.minute = in.digits(2);
    in.text(":");
    parts.second = in.digits(2);
}

/// Sun, 06 Nov 1994 08:49:37 GMT
bool readFixed(std::string_view text, Parts& parts) {
    Reader in{text};
    in.oneOf(kDays);
    in.text(", ");
    parts.day = in.digits(2);
    in.text(" ");
    parts.month = in.oneOf(kMonths) + 1;
    in.text(" ");
    parts.year = in.digits(4);
    in.text(" ");
    readTime(in, parts);
    in.text(" GMT");
    return in.fine && in.rest.empty();
}

int yearOf(std::time_t seconds) {
    using namespace std::chrono;
    return static_cast<int>(year_month_day(floor<days>(sys_seconds(std::chrono::seconds(seconds)))).year());
}

/// Sunday, 06-Nov-94 08:49:37 GMT. A year that seems more than 50 years ahead is one of the past.
bool readRfc850(std::string_view text, std::time_t now, Parts& parts) {
    Reader in{text};
    in.oneOf(kLongDays);
    in.text(", ");
    parts.day = in.digits(2);
    in.text("-");
    parts.month = in.oneOf(kMonths) + 1;
    in.text("-");
    const auto current = static_cast<unsigned>(yearOf(now));
    parts.year = current / 100 * 100 + in.digits(2);
    if (parts.year > current + 50) parts.year -= 100;
    in.text(" ");
    readTime(in, parts);
    in.text(" GMT");
    return in.fine && in.rest.empty();
}

/// Sun Nov  6 08:49:37 1994
bool readAsctime(std::string_view text, Parts& parts) {
    Reader in{text};
    in.oneOf(kDays);
    in.text(" ");
    parts.month = in.oneOf(kMonths) + 1;
    in.text(" ");
    if (in.fine && in.rest.starts_with(' ')) {
        in.text(" ");
        parts.day = in.digits(1);
    } else {
        parts.day = in.digits(2);
    }
    in.text(" ");
    readTime(in, parts);
    in.text(" ");
    parts.year = in.digits(4);
    return in.fine && in.rest.empty();
}

void append(std::string& out, unsigned value, std::size_t width) {
    std::array<char, 8> digits;
    for (auto i = width; i > 0; --i, value /= 10) digits[i - 1] = static_cast<char>('0' + value % 10);
    out.append(digits.data(), width);
}

} // namespace

std::string formatHttpDate(std::time_t seconds) {
    using namespace std::chrono;
    constexpr std::time_t kYear0 = -62167219200, kYear9999 = 253402300799;
    const sys_seconds time(std::chrono::seconds(std::clamp(seconds, kYear0, kYear9999)));
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    std::string out(kDays[weekday(day).c_encoding()]);
    out += ", ";
    append(out, unsigned(date.day()), 2);
    out.append(" ").append(kMonths[unsigned(date.month()) - 1]).append(" ");
    append(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    out += ' ';
    append(out, static_cast<unsigned>(clock.hours().count()), 2);
    out += ':';
    append(out, static_cast<unsigned>(clock.minutes().count()), 2);
    out += ':';
    append(out, static_cast<unsigned>(clock.seconds().count()), 2);
    return out += " GMT";
}

std::optional<std::time_t> parseHttpDate(std::string_view text, std::time_t now) {
    using namespace std::chrono;
    Parts parts;
    if (!readFixed(text, parts) && !readRfc850(text, now, parts) && !readAsctime(text, parts)) return std::nullopt;
    const year_month_day date(year(static_cast<int>(parts.year)), month(parts.month), day(parts.day));
    // A minute may have a second 60 (a leap second); time_t knows none, and takes it as the next.
    if (!date.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60) return std::nullopt;
    const auto time = sys_days(date) + hours(parts.hour) + minutes(parts.minute) + seconds(parts.second);
    return std::time_t{time.time_since_epoch().count()};
}

} // namespace talome::http

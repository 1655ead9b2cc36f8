// A cron expression. Each field becomes a set of bits; the next time is searched day by day, then within the day.
#include "cron.hpp"

#include <talome/errors.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace talome::manifest {

namespace {

constexpr std::size_t kMostText = 256;

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
    const char* name;
    unsigned least, most;
    std::span<const std::string_view> words; ///< of `least` and those after it
};
constexpr std::array<Field, 5> kFields = {{{"minute", 0, 59, {}},
                                           {"hour", 0, 23, {}},
                                           {"day of month", 1, 31, {}},
                                           {"month", 1, 12, kMonths},
                                           {"day of week", 0, 7, kWeekdays}}};

struct Nickname {
    std::string_view name, text;
};
constexpr std::array<Nickname, 7> kNicknames = {{{"@hourly", "0 * * * *"},
                                                 {"@daily", "0 0 * * *"},
                                                 {"@midnight", "0 0 * * *"},
                                                 {"@weekly", "0 0 * * 0"},
                                                 {"@monthly", "0 0 1 * *"},
                                                 {"@yearly", "0 0 1 1 *"},
                                                 {"@annually", "0 0 1 1 *"}}};

[[noreturn]] void refuse(const Field& field, const std::string& why) { throw Invalid(field.name, why); }

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::optional<unsigned> number(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// A number or a word; `last`: where a range ends, so that "fri-sun" is one.
unsigned valueOf(std::string_view text, const Field& field, bool last) {
    if (const auto value = number(text)) {
        if (*value < field.least || *value > field.most)
            refuse(field, std::to_string(*value) + " is not from " + std::to_string(field.least) + " to " +
                              std::to_string(field.most));
        return *value;
    }
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    for (std::size_t i = 0; i < field.words.size(); ++i)
        if (field.words[i] == lower)
            return last && field.most == 7 && i == 0 ? 7 : field.least + static_cast<unsigned>(i);
    refuse(field, text.empty() ? "a number is missing" : quoted(text) + " is no value of it");
}

std::uint64_t partOf(std::string_view part, const Field& field) {
    const auto slash = part.find('/');
    const auto range = part.substr(0, slash);
    unsigned step = 1, first = field.least, last = field.most;
    const auto dash = range.find('-');
    if (range == "*") {
        last = field.most == 7 ? 6 : field.most; // Sunday once
    } else if (dash != range.npos) {
        first = valueOf(range.substr(0, dash), field, false);
        last = valueOf(range.substr(dash + 1), field, true);
        if (first > last) refuse(field, quoted(range) + " goes backwards; write it as two ranges");
    } else {
        first = last = valueOf(range, field, false);
    }
    if (slash != part.npos) {
        const auto given = number(part.substr(slash + 1));
        if (!given || *given == 0 || *given > field.most)
            refuse(field, quoted(part.substr(slash + 1)) + " is no step of it");
        if (range != "*" && dash == range.npos) refuse(field, "a step needs a range before it, or *");
        step = *given;
    }
    std::uint64_t bits = 0;
    for (unsigned value = first; value <= last; value += step) bits |= std::uint64_t{1} << value;
    return bits;
}

std::uint64_t bitsOf(std::string_view text, const Field& field) {
    std::uint64_t bits = 0;
    for (;;) {
        const auto comma = text.find(',');
        bits |= partOf(text.substr(0, comma), field);
        if (comma == text.npos) return bits;
        text.remove_prefix(comma + 1);
    }
}

std::vector<std::string_view> wordsOf(std::string_view text) {
    constexpr std::string_view blanks = " \t";
    std::vector<std::string_view> words;
    for (;;) {
        const auto begin = text.find_first_not_of(blanks);
        if (begin == text.npos) return words;
        text.remove_prefix(begin);
        const auto end = text.find_first_of(blanks);
        words.push_back(text.substr(0, end));
        if (end == text.npos) return words;
        text.remove_prefix(end);
    }
}

std::string_view withoutNickname(std::string_view text) {
    if (!text.starts_with('@')) return text;
    for (const auto& each : kNicknames)
        if (each.name == text) return each.text;
    throw Invalid("cron", quoted(text) + " is none of @hourly, @daily, @weekly, @monthly, @yearly");
}

bool has(std::uint64_t bits, unsigned value) { return bits >> value & 1; }

/// The first of the set that is not below `from`.
std::optional<unsigned> firstFrom(std::uint64_t bits, unsigned from) {
    const auto left = from < 64 ? bits >> from << from : 0;
    if (!left) return std::nullopt;
    return static_cast<unsigned>(std::countr_zero(left));
}

} // namespace

Cron::Cron(std::string_view text) {
    if (text.size() > kMostText) throw Invalid("cron", "is longer than 256 characters");
    const auto words = wordsOf(withoutNickname(text));
    if (words.size() != kFields.size())
        throw Invalid("cron", "expected five fields, minute hour day-of-month month day-of-week, not " +
                                  std::to_string(words.size()));
    std::uint64_t* const sets[] = {&minutes_, &hours_, &days_, &months_, &weekdays_};
    for (std::size_t i = 0; i < kFields.size(); ++i) *sets[i] = bitsOf(words[i], kFields[i]);
    if (has(weekdays_, 7)) weekdays_ |= 1; // 7 is Sunday as well
    even_ = words[0].starts_with('*') || words[1].starts_with('*');
    anyDay_ = words[2].starts_with('*');
    anyWeekday_ = words[4].starts_with('*');
    constexpr unsigned longest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!anyDay_ && !anyWeekday_) return; // a day of the week comes in every month
    const unsigned first = static_cast<unsigned>(std::countr_zero(days_));
    for (unsigned month = 1; month <= 12; ++month)
        if (has(months_, month) && first <= longest[month - 1]) return;
    throw Invalid("day of month", "there is no such day in the months that are named");
}

bool Cron::isOn(std::chrono::year_month_day date, std::chrono::weekday weekday) const {
    const bool day = has(days_, static_cast<unsigned>(date.day()));
    const bool ofWeek = has(weekdays_, weekday.c_encoding());
    return anyDay_ || anyWeekday_ ? day && ofWeek : day || ofWeek;
}

LocalMinute Cron::next(LocalMinute from) const {
    using namespace std::chrono;
    auto day = floor<days>(from);
    auto minute = static_cast<unsigned>((from - day).count()); // of the day
    for (;;) {                                                 // 29 February, the rarest day, comes within eight years
        const year_month_day date{day};
        if (!has(months_, static_cast<unsigned>(date.month()))) {
            day = local_days{(date.year() / date.month() / last)} + days{1};
            minute = 0;
            continue;
        }
        if (isOn(date, weekday{day})) {
            auto hour = firstFrom(hours_, minute / 60);
            auto within = hour && *hour == minute / 60 ? firstFrom(minutes_, minute % 60) : firstFrom(minutes_, 0);
            if (hour && !within) { // not in this hour any more
                hour = firstFrom(hours_, *hour + 1);
                within = firstFrom(minutes_, 0);
            }
            if (hour && within) return day + hours{*hour} + minutes{*within};
        }
        day += days{1};
        minute = 0;
    }
}

} // namespace talome::manifest

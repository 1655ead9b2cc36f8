// When clocks are changed every year.
#include "host/tasks/zone_rule.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <string>

namespace talome::tasks {

namespace {

constexpr std::int64_t kDay = 86'400;

[[noreturn]] void refuse(std::string_view text, const char* why) {
    throw std::runtime_error("'" + std::string(text.substr(0, 100)) + "' is no time zone: " + why);
}

int yearOf(std::int64_t local) {
    using namespace std::chrono;
    const year_month_day date{floor<days>(sys_seconds{seconds{local}})};
    return static_cast<int>(date.year());
}

} // namespace

class ZoneRule::Reader {
public:
    explicit Reader(std::string_view text) : whole_(text), left_(text) {}

    bool atEnd() const { return left_.empty(); }
    bool take(char c) {
        if (!left_.starts_with(c)) return false;
        left_.remove_prefix(1);
        return true;
    }
    void expect(char c) {
        if (!take(c)) fail("it ends too early");
    }
    /// Three letters or more, or anything between < and >.
    void name() {
        std::size_t n = 0;
        if (take('<')) {
            n = left_.find('>');
            if (n == left_.npos) fail("a > is missing");
            left_.remove_prefix(n + 1);
        } else {
            while (n < left_.size() && ((left_[n] | 0x20) >= 'a' && (left_[n] | 0x20) <= 'z')) ++n;
            left_.remove_prefix(n);
        }
        if (n < 3) fail("a name of three letters is missing");
    }
    int number(int least, int most) {
        int value = 0;
        std::size_t n = 0;
        for (; n < left_.size() && n < 3 && left_[n] >= '0' && left_[n] <= '9'; ++n)
            value = value * 10 + (left_[n] - '0');
        left_.remove_prefix(n);
        if (n == 0 || value < least || value > most) fail("a number is missing or out of range");
        return value;
    }
    /// "2", "-1:30", "+167:59:59": seconds.
    std::int64_t time(int mostHours) {
        const bool negative = take('-');
        if (!negative) take('+');
        std::int64_t seconds = number(0, mostHours) * 3600LL;
        if (take(':')) {
            seconds += number(0, 59) * 60LL;
            if (take(':')) seconds += number(0, 59);
        }
        return negative ? -seconds : seconds;
    }
    bool atTime() const { return !left_.empty() && left_[0] != ','; }
    Date date() {
        Date date;
        if (take('M')) {
            date.month = number(1, 12);
            expect('.');
            date.week = number(1, 5);
            expect('.');
            date.day = number(0, 6);
        } else if (take('J')) {
            date.kind = Date::Kind::julian;
            date.day = number(1, 365);
        } else {
            date.kind = Date::Kind::zeroBased;
            date.day = number(0, 365);
        }
        if (take('/')) date.time = time(167);
        return date;
    }
    [[noreturn]] void fail(const char* why) const { refuse(whole_, why); }

private:
    std::string_view whole_, left_;
};

ZoneRule::ZoneRule(std::string_view text) {
    Reader reader(text);
    reader.name();
    standard_ = -reader.time(24); // counted to the west
    if (reader.atEnd()) return;
    changes_ = true;
    reader.name();
    summer_ = reader.atTime() && !reader.atEnd() ? -reader.time(24) : standard_ + 3600;
    reader.expect(',');
    begin_ = reader.date();
    reader.expect(',');
    end_ = reader.date();
    if (!reader.atEnd()) reader.fail("something follows it");
}

std::int64_t ZoneRule::Date::in(int yearNumber) const {
    using namespace std::chrono;
    const year y{yearNumber};
    sys_days day{y / January / 1};
    if (kind == Kind::month) {
        const auto m = std::chrono::month(static_cast<unsigned>(month));
        const std::chrono::weekday w(static_cast<unsigned>(this->day));
        day = week == 5 ? sys_days{y / m / w[last]} : sys_days{y / m / w[static_cast<unsigned>(week)]};
    } else {
        // J counts as if there was no 29 February.
        const bool after = kind == Kind::julian && y.is_leap() && this->day >= 60;
        day += days{kind == Kind::julian ? this->day - 1 + (after ? 1 : 0) : this->day};
    }
    return day.time_since_epoch().count() * kDay + time;
}

ZoneRule::Span ZoneRule::at(std::int64_t utc) const {
    if (!changes_) return {standard_, std::nullopt};
    struct Change {
        std::int64_t at, offset;
    };
    std::array<Change, 6> changes{}; // of the year before, this one and the next, wherever its borders are
    const int year = yearOf(utc);
    for (int i = 0; i < 3; ++i) {
        changes[2 * i] = {begin_.in(year - 1 + i) - standard_, summer_};
        changes[2 * i + 1] = {end_.in(year - 1 + i) - summer_, standard_};
    }
    // Where summer never ends, its end falls on its next beginning: then the one that begins counts.
    std::stable_sort(changes.begin(), changes.end(), [&](const Change& a, const Change& b) {
        return a.at != b.at ? a.at < b.at : a.offset == standard_ && b.offset != standard_;
    });
    auto offset = standard_;
    for (const auto& change : changes) {
        if (change.at <= utc)
            offset = change.offset;
        else if (change.offset != offset)
            return {offset, change.at};
    }
    return {offset, std::max(changes.back().at, utc + kDay)};
}

} // namespace talome::tasks

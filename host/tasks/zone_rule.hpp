// When clocks are changed every year: the rule of a TZ variable (POSIX.1-2024, 8.3), and of the end of a TZif file.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace talome::tasks {

/// Immutable.
class ZoneRule {
public:
    /// "CET-1CEST,M3.5.0,M10.5.0/3", "<-03>3". Throws std::runtime_error.
    explicit ZoneRule(std::string_view text);

    struct Span {
        std::int64_t offset;               ///< seconds east of UTC
        std::optional<std::int64_t> until; ///< when another one begins; nothing: never
    };
    Span at(std::int64_t utc) const;

private:
    /// A day of the year, and seconds from its midnight on.
    struct Date {
        enum class Kind { month, julian, zeroBased } kind = Kind::month;
        int month = 0, week = 0, day = 0;
        std::int64_t time = 7200;
        std::int64_t in(int year) const; ///< as local seconds since the epoch
    };
    class Reader;

    std::int64_t standard_ = 0, summer_ = 0;
    bool changes_ = false;
    Date begin_, end_; ///< of summer time
};

} // namespace talome::tasks

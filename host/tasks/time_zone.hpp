// How far local time is from UTC at each moment, in one time zone: read from a TZif file (RFC 9636) as tzdata has it,
// and from the rule that stands for the years after its table.
#pragma once

#include "host/tasks/zone_rule.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace talome::tasks {

/// Immutable; any thread. Times are seconds since the epoch.
class TimeZone {
public:
    static constexpr std::int64_t kNever = INT64_MAX;

    TimeZone() = default; ///< UTC
    /// Of the bytes of a file. Throws std::runtime_error with what is wrong with them.
    static TimeZone fromFile(std::string_view bytes);
    /// Of the value of TZ, as POSIX has it: "CET-1CEST,M3.5.0,M10.5.0/3". Throws std::runtime_error.
    static TimeZone fromRule(std::string_view text);

    struct Span {
        std::int64_t offset = 0;     ///< seconds east of UTC
        std::int64_t until = kNever; ///< when another one begins
    };
    Span at(std::int64_t utc) const;

    /// When the clock on the wall shows `local`, for the first time if it does so twice. If it never does, because the
    /// clock is set forward over it: when that is done.
    std::int64_t firstAt(std::int64_t local) const;

private:
    struct Change {
        std::int64_t at, offset;
    };
    std::vector<Change> changes_;  ///< in the order of time
    std::int64_t before_ = 0;      ///< the offset before the first of them
    std::optional<ZoneRule> rule_; ///< after the last of them; none: as after the last
};

} // namespace talome::tasks

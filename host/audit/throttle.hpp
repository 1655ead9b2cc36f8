// Strangers must not fill the disk: of what callers without a user are refused, only so much is written row by row, the
// rest is counted and told in one row for each neighbour and minute.
#pragma once

#include "host/audit/entry.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace talome::audit {

/// Not for several threads: the Log holds its lock. Memory is bounded.
class Throttle {
public:
    struct Rule {
        int aMinute = 20;                ///< rows of one neighbour: an IPv4 address, or the /64 of an IPv6 one
        int aDay = 20'000;               ///< rows of all of them
        std::size_t neighbours = 10'000; ///< that are told apart
    };

    Throttle() = default;
    explicit Throttle(Rule rule) : rule_(rule) {}

    /// False: it is counted, and not to be written.
    bool admit(const Entry&, std::int64_t now);
    /// The rows that tell what was counted in the minutes that are over; or in all, at the end.
    std::vector<Entry> tell(std::int64_t now, bool all = false);
    /// When tell() will have something to say; nothing: never.
    std::optional<std::int64_t> tellsAt() const;

private:
    struct Window {
        std::int64_t since = 0;
        int written = 0, counted = 0;
    };
    Entry told(const std::string& neighbour, const Window&) const;

    Rule rule_;
    std::map<std::string, Window> neighbours_;
    Window day_;  ///< counts what is written
    Window rest_; ///< an hour of what is beyond the bounds of all
};

} // namespace talome::audit

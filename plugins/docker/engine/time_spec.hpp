// Points in time as people write them in `since` and `until`: Unix seconds, RFC 3339, or "10m" for ten minutes ago.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace talome::docker {

struct Instant {
    std::int64_t seconds = 0; // since the Unix epoch
    std::int32_t nanos = 0;   // 0 to 999,999,999

    // As the engine takes it: "1700000000.250000000".
    std::string engineText() const;
    friend auto operator<=>(const Instant&, const Instant&) = default;
};

// Nothing if the text is none of the three. Durations: a number and one of s m h d w, repeated ("1h30m").
std::optional<Instant> parseInstant(std::string_view text, std::int64_t nowMs);

// "2026-11-24T00:22:45Z".
std::string isoTime(std::int64_t unixSeconds);

} // namespace talome::docker

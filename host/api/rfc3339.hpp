// Reads a point in time as clients send it (RFC 3339).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace talome::api {

/// `2026-03-01T12:00:00Z`, with fractions of a second and an offset (`+01:00`) where wanted: milliseconds since the
/// epoch. Nothing for all other texts, leap seconds too.
std::optional<std::int64_t> epochMsOf(std::string_view text);

} // namespace talome::api

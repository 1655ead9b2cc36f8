// Times as the API has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace talome::system {

/// ISO 8601 in UTC with milliseconds, of ms since the epoch: "2025-05-01T08:15:00.000Z".
std::string timestamp(std::int64_t ms);
/// The same read: date and time, with Z or an offset, seconds and fraction optional. Nothing if it is none.
std::optional<std::int64_t> parseTimestamp(std::string_view text);

} // namespace talome::system

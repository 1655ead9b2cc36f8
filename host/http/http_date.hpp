// Dates in HTTP fields (RFC 9110, 5.6.7): written in one form, read in the three that there have been.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace talome::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT". `seconds` since the epoch, of the years 0 to 9999 (others are brought into them).
std::string formatHttpDate(std::time_t seconds);

/// Seconds since the epoch; nothing for what is none of the three forms, or no day of the calendar. `now` decides the
/// century of a year of two digits.
std::optional<std::time_t> parseHttpDate(std::string_view text, std::time_t now = std::time(nullptr));

} // namespace talome::http

// Percent encoding, and the query of a URL.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace talome::http {

inline constexpr std::size_t kMaxQueryPairs = 100;

/// Nothing if an escape is not %XX, or the result holds a NUL or is not UTF-8.
std::optional<std::string> percentDecode(std::string_view text, bool plusIsSpace = false);

/// Escapes all but the unreserved characters of RFC 3986: for one segment or one value.
std::string percentEncode(std::string_view text);

/// In the order sent; a name without '=' has an empty value. HttpError 400 for a bad escape or too many pairs.
std::vector<std::pair<std::string, std::string>> parseQuery(std::string_view raw);

bool isUtf8(std::string_view text);

} // namespace talome::http

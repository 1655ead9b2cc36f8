// Base64 (RFC 4648, sections 4 and 5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace talome::mcp {

std::string toBase64(std::string_view bytes);
/// Without padding, in the alphabet for URLs.
std::string toBase64Url(std::string_view bytes);
/// Either alphabet, padded or not. Nothing if it is none.
std::optional<std::string> fromBase64(std::string_view text);

} // namespace talome::mcp

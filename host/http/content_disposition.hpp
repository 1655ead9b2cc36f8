// Content-Disposition (RFC 6266): whether a browser shows an answer or saves it, and under which name.
#pragma once

#include <string>
#include <string_view>

namespace talome::http {

inline constexpr std::size_t kMaxFileName = 255; ///< bytes of UTF-8; a longer name is cut before its ending

/// `attachment; filename="…"`, with `filename*=UTF-8''…` (RFC 8187) beside it unless the name is plain ASCII; only
/// `attachment` or `inline` for an empty name.
///
/// `fileName` is what the file system holds: any bytes. Separators of paths, control characters and marks that turn
/// the direction of writing become '_' (a name must not look like another one), bytes that are no UTF-8 U+FFFD.
/// The result is always one valid field value of ASCII.
std::string contentDisposition(bool attachment, std::string_view fileName);

} // namespace talome::http

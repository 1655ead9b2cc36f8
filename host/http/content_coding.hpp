// Compressed answers (RFC 9110, 8.4 and 12.5.3): whether the client takes gzip, whether the content gains by it, and
// the compression itself.
#pragma once

#include "host/http/head_check.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace talome::http {

inline constexpr std::size_t kLeastCompressed = 1024; ///< bytes; what is smaller fits into one packet anyway

/// Whether gzip is acceptable, and liked no less than the plain form. False if the client says nothing about codings.
bool acceptsGzip(const RequestHead&);

/// JSON, text and the like, by the Content-Type. Not an event stream: its events must not wait for each other.
bool isCompressible(std::string_view contentType);

/// `text` as a whole gzip file, or nothing if that would not be smaller. Any thread; about 100 KiB while it works,
/// and nothing afterwards.
std::optional<std::string> gzip(std::string_view text);

/// What becomes of a whole answer.
struct CodedBody {
    bool varies = false;                ///< say `Vary: Accept-Encoding`: another client may get another form
    std::optional<std::string> gzipped; ///< to send instead, with `Content-Encoding: gzip`
};
CodedBody codeBody(const RequestHead&, std::string_view contentType, std::string_view body);

} // namespace talome::http

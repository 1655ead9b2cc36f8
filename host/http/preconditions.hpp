// The fields of a request that make it conditional (RFC 9110, 13), and the Range (14), each read by itself.
#pragma once

#include "host/http/head_check.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace talome::http {

/// Is it one entity tag: "…" or W/"…"?
bool isEntityTag(std::string_view text);

/// What is there now, to compare a condition with.
struct Validators {
    std::string_view etag;
    std::optional<std::int64_t> lastModified; ///< seconds since the epoch
    std::int64_t now = 0;
};

enum class Condition {
    met,         ///< or there is none
    notModified, ///< 304
    failed       ///< 412
};

/// If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, in the order of RFC 9110, 13.2.2, for a resource
/// that exists.
Condition checkConditions(const RequestHead&, const Validators&);

/// Whether If-Range, if there is one, lets the Range count.
bool rangeCounts(const RequestHead&, const Validators&);

struct ByteRange {
    std::uint64_t first = 0, last = 0; ///< both within the file
};
struct RangeAnswer {
    enum class Kind { whole, part, unsatisfiable } kind = Kind::whole;
    ByteRange range{};
};

/// `value`: of a Range field. Numbers too large to count are as good as the largest.
RangeAnswer readRange(std::string_view value, std::uint64_t size);

} // namespace talome::http

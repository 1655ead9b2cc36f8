// The head of one part of a multipart/form-data body (RFC 7578), and the boundary from the request's Content-Type.
// What two readers could understand in two ways is refused, as in a request's own head.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talome::http {

inline constexpr std::size_t kMaxBoundaryBytes = 70; ///< RFC 2046, 5.1.1
inline constexpr std::size_t kMaxPartHeadBytes = 8192;
inline constexpr std::size_t kMaxPartFields = 16;

/// All of it comes from the client: UTF-8 without control characters, and nothing else is promised. A file name may
/// be "../../etc/passwd".
struct PartHead {
    std::string name;                    ///< of the form's field, not empty
    std::optional<std::string> filename; ///< of a file; "" if a browser's form was sent without choosing one
    std::string contentType;             ///< as given, may be empty

    bool operator==(const PartHead&) const = default;
};

/// `lines` without their CR LF. HttpError 400 if they are not the head of a form's field.
///
/// `filename*` (RFC 8187) wins over `filename`. In a quoted string \" and \\ are escapes and other backslashes stand
/// for themselves, as browsers of all times have meant them; %22 is a quotation mark, and %0D and %0A are line ends
/// (WHATWG HTML, 4.10.21.8), which no name may hold.
PartHead readPartHead(const std::vector<std::string>& lines);

/// Of the value of a Content-Type. Nothing if it is not multipart/form-data; HttpError 400 if it is, without one valid
/// boundary.
std::optional<std::string> boundaryOf(std::string_view contentType);

} // namespace talome::http

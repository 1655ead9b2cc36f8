// What to answer when a file is asked for: preconditions and ranges (RFC 9110, 13 and 14), and the fields that keep a
// file that somebody uploaded from acting in the name of this server. Decides only; sending is the engine's.
#pragma once

#include "host/http/head_check.hpp"

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct stat;

namespace talome::http {

/// Of the open file, not of its name: taken by fstat() from the descriptor that is sent.
struct FileFacts {
    std::uint64_t size = 0;
    std::timespec modified{};
    std::uint64_t inode = 0;

    static FileFacts of(const struct stat&);
};

enum class Disposition {
    automatic,  ///< shown by the browser, but what could run scripts (HTML, SVG, XML) is saved
    attachment, ///< saved
    inlined     ///< shown, whatever it is; what could run scripts, in a sandbox
};

/// What a handler says of the file.
struct FileOffer {
    std::string contentType; ///< empty: by the ending of `fileName`
    std::string fileName;    ///< for the one who saves it; any bytes
    Disposition disposition = Disposition::automatic;
    std::optional<std::string> etag;                ///< with its quotes; else of inode, size and time
    std::string cacheControl = "private, no-cache"; ///< kept by the browser alone, and asked for each time
    bool lastModified = true;                       ///< false: its time means nothing to others
};

struct FilePlan {
    int status = 200; ///< 200, 206, 304, 412 or 416
    /// Content-Length, of 200 and 206; for HEAD too. `offset` is where in the file it begins.
    std::uint64_t offset = 0, length = 0;
    bool sendsBody = false;                                  ///< false for HEAD, 304, 412, 416
    std::string contentType;                                 ///< of 200 and 206
    std::vector<std::pair<std::string, std::string>> fields; ///< to set, in place of what a handler had set
    std::string_view error;                                  ///< of 412 and 416: words for the client. Static.
};

/// For GET and HEAD. `now`: the Date of the answer, in seconds since the epoch. Throws std::invalid_argument for an
/// own ETag that is none.
///
/// A Range is heeded for GET only (RFC 9110, 14.2). One that asks for several ranges, or is malformed, is passed over:
/// the whole file is sent.
FilePlan planFile(const RequestHead&, const FileFacts&, const FileOffer&, std::time_t now = std::time(nullptr));

} // namespace talome::http

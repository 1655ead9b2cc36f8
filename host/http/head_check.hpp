// Finds the end of a request head in raw bytes, and reads it strictly (RFC 9112): what two readers could understand
// in two ways is refused, because a proxy in front may have understood it the other way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace talome::http {

inline constexpr std::size_t kMaxHeadBytes = 65536;
inline constexpr std::size_t kMaxHeaders = 100;
inline constexpr std::size_t kMaxNameBytes = 256;   ///< of a field; the parser's own limit
inline constexpr std::size_t kMaxValueBytes = 8191; ///< of a field; the parser's own limit
inline constexpr std::size_t kMaxTargetBytes = 16000;
inline constexpr std::size_t kMaxMethodBytes = 31;

struct HeaderField {
    std::string_view name, value; ///< the value without the blanks around it
};

enum class Framing { none, length, chunked };

/// Views into the bytes that it was read from.
struct RequestHead {
    std::string_view raw; ///< all of it
    std::string_view method;
    std::string_view target;            ///< as sent
    std::string_view rawPath, rawQuery; ///< of the target, absolute form included; "*" for OPTIONS *
    int minor = 1;                      ///< HTTP/1.minor
    std::vector<HeaderField> fields;
    Framing framing = Framing::none;
    std::optional<std::uint64_t> contentLength;
    bool keepAlive = true;
    bool expectContinue = false;

    /// The first field of that name, whatever its case; null if there is none.
    const HeaderField* find(std::string_view name) const;
};

/// A refusal: the status and the words for the client. `text` is static.
struct Refusal {
    int status = 0;
    std::string_view text;
    explicit operator bool() const { return status != 0; }
};

struct HeadScan {
    enum class State { incomplete, complete, refused } state = State::incomplete;
    std::size_t skip = 0;   ///< empty lines before the head
    std::size_t length = 0; ///< of the head with its empty line, without `skip`
    Refusal refusal;
};

/// Looks for the end of a head. Refuses early what no further byte can mend.
HeadScan scanHead(std::string_view bytes);

/// Reads a whole head, as scanHead() found it.
Refusal readHead(std::string_view head, RequestHead& out);

} // namespace talome::http

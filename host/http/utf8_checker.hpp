// Checks UTF-8 (RFC 3629) that comes in pieces, and says so at the first byte that no further byte can mend.
#pragma once

#include <cstdint>
#include <string_view>

namespace talome::http {

/// Three bytes of state. Not for several threads.
class Utf8Checker {
public:
    /// False if the text cannot become UTF-8 whatever follows; reset() then.
    bool take(std::string_view bytes);
    /// Not inside a character.
    bool complete() const { return left_ == 0; }
    void reset() { *this = {}; }

private:
    static constexpr std::uint8_t kLow = 0x80, kHigh = 0xbf; // of a byte that continues a character

    std::uint8_t left_ = 0;                  ///< bytes of the character that are still to come
    std::uint8_t low_ = kLow, high_ = kHigh; ///< what the next of them may be: the second byte has narrower bounds
};

} // namespace talome::http

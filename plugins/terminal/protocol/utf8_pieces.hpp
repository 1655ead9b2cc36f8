// Bytes that come in pieces, as pieces of text in UTF-8: a character that is cut waits for its rest, and what is none
// becomes U+FFFD (Unicode 15.0, 3.9, table 3-7; one for each longest part that could have been a character).
#pragma once

#include <string>
#include <string_view>

namespace talome::terminal {

class Utf8Pieces {
public:
    /// Text of what has come, without a character that is not whole yet.
    std::string add(std::string_view bytes);
    /// Forgets the beginning of a character.
    void clear() { held_.clear(); }
    std::size_t held() const { return held_.size(); }

private:
    std::string held_;
};

/// How many bytes at the end of `bytes` begin a character that is not whole; 0 to 3.
std::size_t cutCharacter(std::string_view bytes);

} // namespace talome::terminal

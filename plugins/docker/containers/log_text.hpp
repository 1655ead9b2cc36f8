// The text that a log request answers with: the newest lines within a limit, as valid UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace talome::docker {

// `text` with U+FFFD in place of each byte that is not part of valid UTF-8 (RFC 3629).
void appendUtf8(std::string& out, std::string_view text);

class LogText {
public:
    explicit LogText(std::size_t limit) : limit_(limit) {}

    void line(std::string_view text);
    // Whole lines, the limit at most; the first one says so if older ones had to go.
    std::string take();

private:
    void dropOldest();

    std::size_t limit_;
    std::string text_;
    bool cut_ = false;
};

} // namespace talome::docker

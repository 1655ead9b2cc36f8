#include "host/http/utf8_checker.hpp"

#include <cstddef>
#include <cstring>

namespace talome::http {

namespace {
// Most text is ASCII: eight bytes are looked at together.
std::size_t asciiPrefix(const char* at, std::size_t n) {
    std::size_t i = 0;
    for (std::uint64_t word; i + sizeof word <= n; i += sizeof word) {
        std::memcpy(&word, at + i, sizeof word);
        if (word & 0x8080808080808080u) break;
    }
    return i;
}
} // namespace

bool Utf8Checker::take(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size();) {
        if (left_ == 0) {
            i += asciiPrefix(bytes.data() + i, bytes.size() - i);
            if (i == bytes.size()) break;
        }
        auto byte = static_cast<unsigned char>(bytes[i++]);
        if (left_) {
            if (byte < low_ || byte > high_) return false;
            --left_;
            low_ = kLow;
            high_ = kHigh;
        } else if (byte >= 0x80) {
            if (byte < 0xc2 || byte > 0xf4) return false;
            left_ = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
            if (byte == 0xe0) low_ = 0xa0;  // below: a longer form than needed
            if (byte == 0xed) high_ = 0x9f; // above: a surrogate
            if (byte == 0xf0) low_ = 0x90;  // below: a longer form than needed
            if (byte == 0xf4) high_ = 0x8f; // above: beyond U+10FFFF
        }
    }
    return true;
}

} // namespace talome::http

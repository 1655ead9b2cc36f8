#include "protocol/messages.hpp"

namespace talome::terminal {

std::string frameOf(Kind kind, std::string_view payload) {
    const std::size_t length = payload.size() + 1;
    std::string out;
    out.reserve(kFrameHead + payload.size());
    for (int i = 0; i < 4; ++i) out += static_cast<char>(length >> (8 * i) & 255);
    out += static_cast<char>(kind);
    return out.append(payload);
}

bool FrameReader::next(Kind& kind, std::string_view& payload) {
    if (at_ > 0 && (at_ == bytes_.size() || at_ > (std::size_t{1} << 18))) {
        bytes_.erase(0, at_);
        at_ = 0;
        if (bytes_.capacity() > (std::size_t{1} << 20) && bytes_.size() < (std::size_t{1} << 16))
            bytes_.shrink_to_fit();
    }
    if (waiting() < kFrameHead) return false;
    std::size_t length = 0;
    for (std::size_t i = 4; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes_[at_ + i]);
    if (length == 0 || length - 1 > most_) throw ProtocolError("a frame is too long");
    if (waiting() < 4 + length) return false;
    kind = static_cast<Kind>(bytes_[at_ + 4]);
    payload = std::string_view(bytes_).substr(at_ + kFrameHead, length - 1);
    at_ += 4 + length;
    return true;
}

} // namespace talome::terminal

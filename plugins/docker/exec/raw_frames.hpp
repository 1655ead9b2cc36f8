// Takes the multiplexed output of an exec apart, byte by byte as it was written; see log_frames.hpp for the frames.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace talome::docker {

class RawFrames {
public:
    // Calls `sink(bool error, std::string_view piece)`. False if the bytes are not frames; nothing more is to be fed then.
    template <class Sink> bool feed(std::string_view bytes, const Sink& sink) {
        while (!bytes.empty()) {
            if (size_ < head_.size()) {
                head_[size_++] = static_cast<unsigned char>(bytes.front());
                bytes.remove_prefix(1);
                if (size_ < head_.size()) continue;
                if (head_[0] > 3 || head_[1] != 0 || head_[2] != 0 || head_[3] != 0) return false;
                left_ = std::size_t{head_[4]} << 24 | std::size_t{head_[5]} << 16 | std::size_t{head_[6]} << 8 | head_[7];
            } else {
                const auto piece = bytes.substr(0, std::min(left_, bytes.size()));
                bytes.remove_prefix(piece.size());
                left_ -= piece.size();
                sink(head_[0] >= 2, piece);
            }
            if (size_ == head_.size() && left_ == 0) size_ = 0;
        }
        return true;
    }

private:
    std::array<unsigned char, 8> head_{};
    std::size_t size_ = 0, left_ = 0;
};

} // namespace talome::docker

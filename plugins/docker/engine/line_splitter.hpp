// Cuts a stream of bytes into lines, however the bytes were cut into pieces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace talome::docker {

class LineSplitter {
public:
    explicit LineSplitter(std::size_t longest) : longest_(longest) {}

    // Calls `line` for each whole line, without its ending. A line longer than the limit is passed over, and counted.
    template <class Line> void feed(std::string_view bytes, const Line& line) {
        for (;;) {
            const auto end = bytes.find('\n');
            const auto piece = bytes.substr(0, end);
            if (!skipping_ && rest_.size() + piece.size() > longest_) {
                skipping_ = true;
                ++skipped_;
                rest_.clear();
            }
            if (end == std::string_view::npos) {
                if (!skipping_) rest_.append(piece);
                return;
            }
            bytes.remove_prefix(end + 1);
            if (skipping_) {
                skipping_ = false;
                continue;
            }
            if (rest_.empty()) {
                line(withoutReturn(piece));
            } else {
                rest_.append(piece);
                line(withoutReturn(rest_));
                rest_.clear();
            }
        }
    }

    std::size_t skipped() const { return skipped_; }

private:
    static std::string_view withoutReturn(std::string_view text) {
        return text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
    }

    std::size_t longest_;
    std::string rest_;
    bool skipping_ = false;
    std::size_t skipped_ = 0;
};

} // namespace talome::docker

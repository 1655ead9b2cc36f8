// See the header for the formats. A line is cut here only at kLongestLine, which bounds what a container that never
// ends its line can make us hold.
#include "containers/log_frames.hpp"

#include <algorithm>

namespace talome::docker {

namespace {

constexpr std::size_t kLongestLine = 1024 * 1024;
constexpr std::size_t kStamp = 31; // "2026-11-24T00:22:45.184911402Z "
constexpr std::string_view kStampShape = "dddd-dd-ddTdd:dd:dd.dddddddddZ ";

// True if `text` is, as far as it goes, such a time.
bool looksLikeStamp(std::string_view text) {
    for (std::size_t i = 0; i < std::min(text.size(), kStamp); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (kStampShape[i] == 'd' ? !digit : text[i] != kStampShape[i]) return false;
    }
    return true;
}

} // namespace

std::size_t timestampLength(std::string_view text) {
    return text.size() >= kStamp && looksLikeStamp(text) ? kStamp : 0;
}

void LineJoiner::append(std::string_view text) {
    while (!text.empty()) {
        const auto piece = text.substr(0, kLongestLine - std::min(kLongestLine, rest_.size()));
        rest_.append(piece);
        text.remove_prefix(piece.size());
        if (rest_.size() >= kLongestLine) endLine();
    }
}

void LineJoiner::endLine() {
    std::string_view line = rest_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    line_(line);
    rest_.clear();
}

void LineJoiner::message(std::string_view bytes, bool begins) {
    if (begins && timestamps_ && open_) bytes.remove_prefix(timestampLength(bytes));
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        append(bytes.substr(0, end));
        open_ = end == std::string_view::npos;
        if (open_) return;
        endLine();
        bytes.remove_prefix(end + 1);
    }
}

void LineJoiner::raw(std::string_view bytes) {
    if (!timestamps_) return message(bytes, false);
    while (!bytes.empty()) {
        if (expecting_) {
            held_.push_back(bytes.front());
            if (looksLikeStamp(held_)) {
                bytes.remove_prefix(1);
                if (held_.size() < kStamp) continue;
                if (!open_) append(held_); // else the line goes on, and keeps the time that it has
                size_ = 0;
            } else {
                held_.pop_back();
                append(held_);
                size_ = kEngineLineCut + 1; // where the next cut is cannot be known
            }
            held_.clear();
            open_ = true;
            expecting_ = false;
            continue;
        }
        auto piece = bytes.substr(0, bytes.find('\n'));
        if (size_ < kEngineLineCut && size_ + piece.size() >= kEngineLineCut) {
            piece = piece.substr(0, kEngineLineCut - size_);
            expecting_ = true;
        }
        append(piece);
        size_ += piece.size();
        bytes.remove_prefix(piece.size());
        if (expecting_ || bytes.empty()) continue;
        endLine();
        bytes.remove_prefix(1);
        open_ = false;
        expecting_ = true;
    }
}

void LineJoiner::finish() {
    append(held_);
    held_.clear();
    if (!rest_.empty()) endLine();
    open_ = false;
}

bool LogFrames::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        if (headSize_ < head_.size()) {
            head_[headSize_++] = static_cast<unsigned char>(bytes.front());
            bytes.remove_prefix(1);
            if (headSize_ < head_.size()) continue;
            if (head_[0] > 3 || head_[1] != 0 || head_[2] != 0 || head_[3] != 0) return false;
            remaining_ =
                std::size_t{head_[4]} << 24 | std::size_t{head_[5]} << 16 | std::size_t{head_[6]} << 8 | head_[7];
            begins_ = true;
        } else {
            auto piece = bytes.substr(0, std::min(remaining_, bytes.size()));
            if (begins_ && timestamps_) piece = piece.substr(0, kStamp - lead_.size());
            bytes.remove_prefix(piece.size());
            remaining_ -= piece.size();
            deliver(piece);
        }
        if (headSize_ == head_.size() && remaining_ == 0) headSize_ = 0;
    }
    return true;
}

void LogFrames::deliver(std::string_view piece) {
    if (!begins_ || !timestamps_) return joiner().message(piece, false);
    lead_.append(piece);
    if (lead_.size() < kStamp && remaining_ > 0) return;
    joiner().message(lead_, true);
    lead_.clear();
    begins_ = false;
}

bool LogFrames::finish() {
    out_.finish();
    error_.finish();
    system_.finish();
    return headSize_ == 0;
}

} // namespace talome::docker

// The text may grow to twice the limit before the older half goes, so that each byte is moved once at most.
#include "containers/log_text.hpp"

namespace talome::docker {

namespace {

// How long the character at the front is; 0 if it is not valid.
std::size_t characterLength(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = at(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((at(i) & 0xC0) != 0x80) return 0;
    }
    const bool overlong = (first == 0xE0 && at(1) < 0xA0) || (first == 0xF0 && at(1) < 0x90);
    const bool outside = (first == 0xED && at(1) > 0x9F) || (first == 0xF4 && at(1) > 0x8F);
    return overlong || outside ? 0 : length;
}

} // namespace

void appendUtf8(std::string& out, std::string_view text) {
    std::size_t good = 0;
    while (good < text.size()) {
        if (const std::size_t length = characterLength(text.substr(good)); length > 0) {
            good += length;
            continue;
        }
        out.append(text.substr(0, good)).append("\xEF\xBF\xBD");
        text.remove_prefix(good + 1);
        good = 0;
    }
    out.append(text);
}

void LogText::line(std::string_view text) {
    appendUtf8(text_, text);
    text_ += '\n';
    if (text_.size() > 2 * limit_) dropOldest();
}

void LogText::dropOldest() {
    const auto end = text_.find('\n', text_.size() - limit_ - 1);
    text_.erase(0, end == std::string::npos ? text_.size() : end + 1);
    cut_ = true;
}

std::string LogText::take() {
    if (text_.size() > limit_) dropOldest();
    if (!cut_) return std::move(text_);
    return "[older lines are left out: the newest " + std::to_string(limit_ >> 20) + " MiB follow]\n" + text_;
}

} // namespace talome::docker

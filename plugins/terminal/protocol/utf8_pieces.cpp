#include "protocol/utf8_pieces.hpp"

#include <algorithm>

namespace talome::terminal {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

struct Form {
    std::size_t size = 0;                  ///< 0: no character begins so
    unsigned char low = 0x80, high = 0xbf; ///< of the second byte
};

Form formOf(unsigned char c) {
    if (c < 0x80) return {1};
    if (c >= 0xc2 && c <= 0xdf) return {2};
    if (c == 0xe0) return {3, 0xa0, 0xbf};
    if (c == 0xed) return {3, 0x80, 0x9f};
    if (c >= 0xe1 && c <= 0xef) return {3};
    if (c == 0xf0) return {4, 0x90, 0xbf};
    if (c >= 0xf1 && c <= 0xf3) return {4};
    if (c == 0xf4) return {4, 0x80, 0x8f};
    return {};
}

/// How many of the bytes, which begin with a leading one, could be of one character.
std::size_t matched(std::string_view bytes, const Form& form) {
    std::size_t n = 1;
    while (n < form.size && n < bytes.size()) {
        const auto c = static_cast<unsigned char>(bytes[n]);
        if (c < (n == 1 ? form.low : 0x80) || c > (n == 1 ? form.high : 0xbf)) break;
        ++n;
    }
    return n;
}

} // namespace

std::size_t cutCharacter(std::string_view bytes) {
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
        const auto tail = bytes.substr(bytes.size() - back);
        const auto c = static_cast<unsigned char>(tail[0]);
        if ((c & 0xc0) == 0x80) continue;
        const Form form = formOf(c);
        return form.size > back && matched(tail, form) == back ? back : 0;
    }
    return 0;
}

std::string Utf8Pieces::add(std::string_view bytes) {
    std::string joined;
    if (!held_.empty()) {
        joined = held_.append(bytes);
        bytes = joined;
        held_.clear();
    }
    const auto cut = cutCharacter(bytes);
    held_ = bytes.substr(bytes.size() - cut);
    bytes.remove_suffix(cut);
    std::string text;
    text.reserve(bytes.size());
    while (!bytes.empty()) {
        const auto plain =
            std::find_if(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
        const auto n = static_cast<std::size_t>(plain - bytes.begin());
        text.append(bytes.substr(0, n));
        bytes.remove_prefix(n);
        if (bytes.empty()) break;
        const Form form = formOf(static_cast<unsigned char>(bytes[0]));
        const auto size = form.size == 0 ? 1 : matched(bytes, form);
        text.append(size == form.size ? bytes.substr(0, size) : kReplacement);
        bytes.remove_prefix(size);
    }
    return text;
}

} // namespace talome::terminal

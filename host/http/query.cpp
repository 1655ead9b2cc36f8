#include "host/http/query.hpp"

#include "host/http/error.hpp"

#include <cstdint>

namespace talome::http {

namespace {
int hexValue(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string decodePart(std::string_view text) {
    auto decoded = percentDecode(text, true);
    if (!decoded) throw HttpError(400, "the query is malformed");
    return std::move(*decoded);
}
} // namespace

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool isUtf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        auto lead = static_cast<unsigned char>(text[i++]);
        if (lead < 0x80) continue;
        int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (lead < 0xc2 || lead > 0xf4) return false;
        std::uint32_t point = lead & (0x3fu >> more);
        for (int k = 0; k < more; ++k, ++i) {
            if (i == text.size() || (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return false;
            point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
        }
        bool overlong = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
        if (overlong || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    }
    return true;
}

std::optional<std::string> percentDecode(std::string_view text, bool plusIsSpace) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '+' && plusIsSpace)
            c = ' ';
        else if (c == '%') {
            int high = i + 2 < text.size() ? hexValue(text[i + 1]) : -1;
            int low = i + 2 < text.size() ? hexValue(text[i + 2]) : -1;
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high << 4 | low);
            i += 2;
        }
        if (c == '\0') return std::nullopt;
        out += c;
    }
    if (!isUtf8(out)) return std::nullopt;
    return out;
}

std::string percentEncode(std::string_view text) {
    constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (unsigned char c : text) {
        bool letter = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9');
        if (letter || c == '-' || c == '.' || c == '_' || c == '~')
            out += static_cast<char>(c);
        else
            out.append({'%', kHex[c >> 4], kHex[c & 15]});
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> parseQuery(std::string_view raw) {
    std::vector<std::pair<std::string, std::string>> pairs;
    while (!raw.empty()) {
        auto part = raw.substr(0, raw.find('&'));
        raw.remove_prefix(std::min(raw.size(), part.size() + 1));
        if (part.empty()) continue;
        if (pairs.size() == kMaxQueryPairs) throw HttpError(400, "the query has more than 100 parameters");
        auto equals = part.find('=');
        auto value = equals == part.npos ? std::string_view{} : part.substr(equals + 1);
        pairs.emplace_back(decodePart(part.substr(0, equals)), decodePart(value));
    }
    return pairs;
}

} // namespace talome::http

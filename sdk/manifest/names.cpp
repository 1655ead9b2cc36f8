// The grammars of names, by hand: each is a few characters long.
#include "names.hpp"

#include <algorithm>

namespace talome::manifest {

namespace {

bool isLower(char c) { return c >= 'a' && c <= 'z'; }
bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isAlnum(char c) { return isLower(c) || isDigit(c) || (c >= 'A' && c <= 'Z'); }

template <class Is> bool isWord(std::string_view text, std::size_t most, Is is) {
    return !text.empty() && text.size() <= most && isLower(text[0]) && std::ranges::all_of(text, is);
}

bool isCamel(std::string_view text) { return isWord(text, 64, isAlnum); }

/// The words of a dotted name after the first one: at least one.
bool isTail(std::string_view text) {
    for (std::size_t dot; (dot = text.find('.')) != text.npos; text.remove_prefix(dot + 1))
        if (!isCamel(text.substr(0, dot))) return false;
    return isCamel(text);
}

} // namespace

bool isPluginId(std::string_view text) {
    return isWord(text, 32, [](char c) { return isLower(c) || isDigit(c) || c == '-'; });
}

bool isVersion(std::string_view text) {
    for (int part = 0; part < 3; ++part) {
        const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(text, isDigit) - text.begin());
        if (digits == 0 || digits > 6) return false;
        text.remove_prefix(digits);
        if (part == 2) break;
        if (!text.starts_with('.')) return false;
        text.remove_prefix(1);
    }
    return text.empty() ||
           (text.size() > 1 && text.size() <= 32 && text[0] == '-' &&
            std::ranges::all_of(text.substr(1), [](char c) { return isAlnum(c) || c == '.' || c == '-'; }));
}

bool isOperationId(std::string_view text) {
    const auto dot = text.find('.');
    return text.size() <= 128 && dot != text.npos && isCamel(text.substr(0, dot)) && isTail(text.substr(dot + 1));
}

bool isTopicPattern(std::string_view text) {
    if (!text.ends_with('*')) return isOperationId(text);
    text.remove_suffix(1);
    if (text.empty()) return true;
    if (!text.ends_with('.')) return false;
    text.remove_suffix(1);
    return isCamel(text) || isOperationId(text);
}

bool isTaskId(std::string_view text) {
    const auto dot = text.find('.');
    return text.size() <= 128 && dot != text.npos && isPluginId(text.substr(0, dot)) && isTail(text.substr(dot + 1));
}

bool isKey(std::string_view text) {
    return isWord(text, 64, [](char c) { return isLower(c) || isDigit(c) || c == '_'; });
}

bool isFlag(std::string_view text) {
    return isPluginId(text) && text != "public" && text != "session" && text != "admin" && text != "interactive";
}

} // namespace talome::manifest

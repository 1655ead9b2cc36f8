#include "images/auth_challenge.hpp"

#include <charconv>

namespace talome::docker {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = lower(c);
    return result;
}

void skip(std::string_view& text, std::string_view what) {
    const auto first = text.find_first_not_of(what);
    text.remove_prefix(first == text.npos ? text.size() : first);
}

std::string value(std::string_view& text) {
    std::string result;
    if (!text.starts_with('"')) {
        const auto end = std::min(text.find_first_of(", \t"), text.size());
        result = text.substr(0, end);
        text.remove_prefix(end);
        return result;
    }
    text.remove_prefix(1);
    while (!text.empty() && text.front() != '"') {
        if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
        result += text.front();
        text.remove_prefix(1);
    }
    if (!text.empty()) text.remove_prefix(1);
    return result;
}

} // namespace

std::optional<AuthChallenge> parseChallenge(std::string_view text) {
    skip(text, " \t,");
    const auto blank = text.find(' ');
    if (text.empty()) return std::nullopt;
    AuthChallenge challenge{lowered(text.substr(0, blank)), {}};
    if (blank == text.npos) return challenge;
    text.remove_prefix(blank);
    for (skip(text, " \t,"); !text.empty(); skip(text, " \t,")) {
        const auto equals = text.find('=');
        const auto name = text.substr(0, equals);
        if (equals == text.npos || name.find(' ') != name.npos) break; // another challenge begins
        text.remove_prefix(equals + 1);
        challenge.parameters[lowered(name)] = value(text);
    }
    return challenge;
}

long windowSeconds(std::string_view limit) {
    const auto at = limit.find("w=");
    if (at == limit.npos) return 0;
    long seconds = 0;
    std::from_chars(limit.data() + at + 2, limit.data() + limit.size(), seconds);
    return seconds > 0 && seconds <= 86'400 ? seconds : 0;
}

} // namespace talome::docker

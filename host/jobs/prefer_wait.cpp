// `Prefer: respond-async, wait=10; foo="a,b"`: preferences between commas, each with a value and parameters.
#include "host/jobs/prefer_wait.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace talome::jobs {

namespace {

constexpr unsigned kMost = 60;

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// Up to the first of these that is not within quotes; the rest stays.
std::string_view takeUntil(std::string_view& text, char end) {
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quoted && text[i] == '\\')
            ++i;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (text[i] == end && !quoted) {
            const auto taken = text.substr(0, i);
            text.remove_prefix(i + 1);
            return taken;
        }
    }
    return std::exchange(text, {});
}

bool isWait(std::string_view name) {
    constexpr std::string_view wait = "wait";
    return std::ranges::equal(name, wait, [](char a, char b) { return (a | 0x20) == b; });
}

} // namespace

std::optional<std::chrono::seconds> preferredWait(std::string_view prefer) {
    while (!prefer.empty()) {
        auto preference = takeUntil(prefer, ',');
        auto pair = takeUntil(preference, ';');
        const auto name = trimmed(takeUntil(pair, '='));
        auto value = trimmed(pair);
        if (!isWait(name)) continue;
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        unsigned seconds = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
        if (value.empty() || end != value.data() + value.size()) return std::nullopt;
        return std::chrono::seconds(error == std::errc{} ? std::min(seconds, kMost) : kMost);
    }
    return std::nullopt;
}

} // namespace talome::jobs

// Usernames: which may be, and which are the same.
#include "host/auth/users.hpp"

#include <cstdlib>
#include <memory>
#include <utf8proc.h>

namespace talome::auth {

namespace {

constexpr std::size_t kMostBytes = 400; // of 100 characters

/// One code point at `at`, which it moves on; negative: not UTF-8.
utf8proc_int32_t next(const std::string& text, std::size_t& at) {
    utf8proc_int32_t point = -1;
    const auto n = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                    static_cast<utf8proc_ssize_t>(text.size() - at), &point);
    at += n > 0 ? static_cast<std::size_t>(n) : text.size() - at;
    return n > 0 ? point : -1;
}

bool isSpace(utf8proc_int32_t point) {
    const auto category = utf8proc_category(point);
    return (point >= 0x09 && point <= 0x0d) || point == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

} // namespace

std::string trimmedName(const std::string& username) {
    std::size_t begin = username.size(), end = 0;
    for (std::size_t at = 0; at < username.size();) {
        const auto here = at;
        if (isSpace(next(username, at))) continue;
        begin = std::min(begin, here);
        end = at;
    }
    return begin < end ? username.substr(begin, end - begin) : std::string();
}

std::string nameKey(const std::string& username) {
    const auto name = trimmedName(username);
    utf8proc_uint8_t* mapped = nullptr;
    const auto n = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(name.data()),
                                static_cast<utf8proc_ssize_t>(name.size()), &mapped,
                                static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                                               UTF8PROC_CASEFOLD | UTF8PROC_IGNORE));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, std::free);
    if (n < 0) return {};
    // What was a wide space in the middle may be a plain one now, at an end.
    return trimmedName(std::string(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(n)));
}

std::string whatIsWrongWithName(const std::string& username) {
    if (username.size() > kMostBytes) return "must have at most 100 characters";
    std::size_t points = 0;
    for (std::size_t at = 0; at < username.size(); ++points) {
        const auto point = next(username, at);
        if (point < 0) return "is not UTF-8";
        const auto category = utf8proc_category(point);
        if (category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_ZL ||
            category == UTF8PROC_CATEGORY_ZP || category == UTF8PROC_CATEGORY_CN)
            return "has a character that cannot be seen";
    }
    if (points < 2 || nameKey(username).empty()) return "must have at least 2 characters";
    if (points > 100) return "must have at most 100 characters";
    return {};
}

} // namespace talome::auth

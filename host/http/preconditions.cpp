// The fields of a request that make it conditional (RFC 9110, 13), and the Range (14), each read by itself.
#include "host/http/preconditions.hpp"

#include "host/http/http_date.hpp"

#include <algorithm>
#include <limits>
#include <strings.h>

namespace talome::http {

namespace {

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
    return first == text.npos ? std::string_view() : text.substr(first, last - first + 1);
}

bool isWeak(std::string_view tag) { return tag.starts_with("W/"); }

/// The length of the entity tag that `text` begins with; 0 if there is none.
std::size_t tagLength(std::string_view text) {
    const std::size_t open = isWeak(text) ? 2 : 0;
    if (open >= text.size() || text[open] != '"') return 0;
    for (auto i = open + 1; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c == '"') return i + 1;
        if (c <= ' ' || c == 127) return 0;
    }
    return 0;
}

bool matches(std::string_view a, std::string_view b, bool strongly) {
    if (strongly) return !isWeak(a) && a == b;
    return a.substr(isWeak(a) ? 2 : 0) == b.substr(isWeak(b) ? 2 : 0);
}

/// A list of entity tags, or `*`. What stands behind something malformed is not looked at.
bool listMatches(std::string_view list, std::string_view etag, bool strongly) {
    if (trim(list) == "*") return true;
    while (!list.empty()) {
        if (list.front() == ',' || list.front() == ' ' || list.front() == '\t') {
            list.remove_prefix(1);
            continue;
        }
        const auto length = tagLength(list);
        if (length == 0) return false;
        if (matches(list.substr(0, length), etag, strongly)) return true;
        list.remove_prefix(length);
        if (!list.empty() && list.find_first_not_of(" \t") != list.find(',')) return false;
    }
    return false;
}

enum class Listed { absent, yes, no };

/// A list may be given in several fields (RFC 9110, 5.3).
Listed inLists(const RequestHead& head, std::string_view name, std::string_view etag, bool strongly) {
    auto result = Listed::absent;
    for (const auto& field : head.fields) {
        if (!same(field.name, name)) continue;
        if (listMatches(field.value, etag, strongly)) return Listed::yes;
        result = Listed::no;
    }
    return result;
}

std::optional<std::int64_t> dateIn(const RequestHead& head, std::string_view name, std::int64_t now) {
    const auto* field = head.find(name);
    return field ? parseHttpDate(field->value, now) : std::nullopt;
}

/// Nothing if it is no number. Too many digits: the largest.
std::optional<std::uint64_t> number(std::string_view digits) {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    if (digits.empty()) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        value = value > (most - digit) / 10 ? most : value * 10 + digit;
    }
    return value;
}

} // namespace

bool isEntityTag(std::string_view text) { return !text.empty() && tagLength(text) == text.size(); }

Condition checkConditions(const RequestHead& head, const Validators& now) {
    const bool reads = head.method == "GET" || head.method == "HEAD";
    if (const auto listed = inLists(head, "If-Match", now.etag, true); listed != Listed::absent) {
        if (listed == Listed::no) return Condition::failed;
    } else if (const auto since = dateIn(head, "If-Unmodified-Since", now.now); since && now.lastModified) {
        if (*now.lastModified > *since) return Condition::failed;
    }
    if (const auto listed = inLists(head, "If-None-Match", now.etag, false); listed != Listed::absent) {
        if (listed == Listed::yes) return reads ? Condition::notModified : Condition::failed;
    } else if (const auto since = dateIn(head, "If-Modified-Since", now.now); since && now.lastModified && reads) {
        if (*now.lastModified <= *since) return Condition::notModified;
    }
    return Condition::met;
}

bool rangeCounts(const RequestHead& head, const Validators& now) {
    const auto* field = head.find("If-Range");
    if (!field) return true;
    if (isEntityTag(field->value)) return matches(field->value, now.etag, true);
    const auto date = parseHttpDate(field->value, now.now);
    // A date tells two versions apart only if the file was left alone from then to the end of that second. One that
    // has just been written may change again within it (RFC 9110, 8.8.2.2).
    return date && now.lastModified && *date == *now.lastModified && *now.lastModified + 2 <= now.now;
}

RangeAnswer readRange(std::string_view value, std::uint64_t size) {
    using Kind = RangeAnswer::Kind;
    const auto equals = value.find('=');
    if (equals == value.npos || !same(value.substr(0, equals), "bytes")) return {};
    std::string_view only;
    for (auto list = value.substr(equals + 1);;) { // empty elements are allowed (RFC 9110, 5.6.1)
        const auto comma = list.find(',');
        const auto each = trim(list.substr(0, comma));
        if (!each.empty() && !only.empty()) return {};
        if (!each.empty()) only = each;
        if (comma == list.npos) break;
        list.remove_prefix(comma + 1);
    }
    const auto dash = only.find('-');
    if (dash == only.npos) return {};
    const auto first = number(only.substr(0, dash)), last = number(only.substr(dash + 1));
    if (dash == 0) {
        if (!last) return {};
        if (*last == 0 || size == 0) return {Kind::unsatisfiable, {}};
        return {Kind::part, {size - std::min(*last, size), size - 1}};
    }
    if (!first || (!last && dash + 1 != only.size()) || (last && *last < *first)) return {};
    if (*first >= size) return {Kind::unsatisfiable, {}};
    return {Kind::part, {*first, last ? std::min(*last, size - 1) : size - 1}};
}

} // namespace talome::http

// Single fields of a declaration: what is missing, what is no name, no path, no permission.
#include "fields.hpp"

#include "names.hpp"
#include "recorder.hpp"
#include "schema_check.hpp"

#include <algorithm>
#include <set>

namespace talome::manifest {

namespace {

constexpr std::size_t kMaxSummary = 500;

bool isSegment(std::string_view segment) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    return !segment.empty() && segment != "." && segment != ".." && segment.find_first_not_of(plain) == segment.npos;
}

bool isToken(std::string_view text) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    const auto is = [&](char c) {
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || others.find(c) != others.npos;
    };
    return !text.empty() && std::ranges::all_of(text, is);
}

} // namespace

std::string orEmpty(const char* text) { return text ? text : ""; }

std::string nameOf(const char* text, bool (*is)(std::string_view), const char* what) {
    std::string name = orEmpty(text);
    if (!is(name))
        throw Invalid(what, name.empty() ? "has no name" : "\"" + name + "\" is not a name that it can have");
    return name;
}

std::string summaryOf(const char* text, const std::string& where) {
    std::string summary = orEmpty(text);
    if (summary.empty()) throw Invalid(where + ".summary", "is required");
    if (summary.size() > kMaxSummary) throw Invalid(where + ".summary", "is longer than 500 bytes");
    return summary;
}

std::string permissionOf(const char* text, const std::string& where) {
    std::string permission = orEmpty(text);
    if (permission.empty()) throw Invalid(where, "is required");
    if (!isPermission(permission))
        throw Invalid(where,
                      "expected public, session, admin, interactive or feature flags, and not \"" + permission + "\"");
    return permission;
}

Tier tierOf(std::int32_t tier, const std::string& where) {
    if (tier < TALOME_TIER_READ || tier > TALOME_TIER_DESTRUCTIVE)
        throw Invalid(where + ".tier", "expected read, modify or destructive");
    return static_cast<Tier>(tier);
}

void requireFunction(bool set, const std::string& where) {
    if (!set) throw Invalid(where, "has no function to call");
}

void requireKnown(std::uint32_t flags, std::uint32_t known, const std::string& where) {
    if (flags & ~known) throw Invalid(where + ".flags", "has an unknown bit");
}

std::string methodOf(const char* text, const std::string& where) {
    std::string method = orEmpty(text);
    for (const char* known : {"GET", "POST", "PUT", "PATCH", "DELETE"})
        if (method == known) return method;
    throw Invalid(where, "expected GET, POST, PUT, PATCH or DELETE, and not \"" + method + "\"");
}

int successOf(std::int32_t status, const std::string& where) {
    if (status == 0) return 200;
    if (status < 200 || status > 299) throw Invalid(where + ".success", "expected 200 to 299");
    return status;
}

std::map<std::string, std::string> renameOf(const char* text, const boost::json::value& input,
                                            const std::string& where) {
    std::map<std::string, std::string> pairs;
    std::string_view rest = text ? text : "";
    while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        const auto equals = pair.find('=');
        if (equals == pair.npos || equals == 0) throw Invalid(where, "expected \"outer=inner,…\"");
        const std::string inner(pair.substr(equals + 1));
        if (!hasProperty(input, inner)) throw Invalid(where, "there is no input \"" + inner + "\"");
        if (!pairs.emplace(pair.substr(0, equals), inner).second) throw Invalid(where, "has a name twice");
    }
    return pairs;
}

std::string pathOf(const char* text, const Route& route, const boost::json::value& input, const std::string& where) {
    std::string path = orEmpty(text);
    if (!path.starts_with('/') || path.size() > 256) throw Invalid(where, "expected a path that begins with /");
    std::set<std::string> seen;
    std::string_view rest = std::string_view(path).substr(1);
    for (bool more = true; more;) {
        const auto slash = rest.find('/');
        std::string_view segment = rest.substr(0, slash);
        more = slash != rest.npos;
        if (more) rest.remove_prefix(slash + 1);
        if (!segment.starts_with('{') || !segment.ends_with('}')) {
            if (!isSegment(segment))
                throw Invalid(where, "\"" + std::string(segment) + "\" is neither a word nor a {name}");
            continue;
        }
        const std::string name(segment.substr(1, segment.size() - 2));
        const auto renamed = route.rename.find(name);
        const std::string& inner = renamed == route.rename.end() ? name : renamed->second;
        if (!hasProperty(input, inner)) throw Invalid(where, "there is no input \"" + inner + "\"");
        if (!seen.insert(name).second) throw Invalid(where, "has {" + name + "} twice");
    }
    return path;
}

std::optional<std::string> listenerOf(const char* text, const std::string& where) {
    if (!text) return std::nullopt;
    return nameOf(text, isPluginId, (where + ".listener").c_str());
}

std::vector<std::string> tokensOf(const char* text, const std::string& where) {
    std::vector<std::string> tokens;
    if (!text) return tokens;
    std::string_view rest = text;
    for (bool more = true; more;) {
        const auto comma = rest.find(',');
        const std::string_view token = rest.substr(0, comma);
        more = comma != rest.npos;
        if (more) rest.remove_prefix(comma + 1);
        if (!isToken(token)) throw Invalid(where, "\"" + std::string(token) + "\" is not a token");
        if (std::ranges::find(tokens, token) != tokens.end())
            throw Invalid(where, "has " + std::string(token) + " twice");
        if (tokens.size() == kMaxList) throw Invalid(where, "has more than 32");
        tokens.emplace_back(token);
    }
    return tokens;
}

std::optional<std::string> variableOf(const char* text, const std::string& where) {
    if (!text) return std::nullopt;
    const std::string_view name = text;
    const auto fits = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
    if (name.empty() || name.size() > 64 || name[0] < 'A' || name[0] > 'Z' || !std::ranges::all_of(name, fits))
        throw Invalid(where, "expected the name of an environment variable");
    return std::string(name);
}

} // namespace talome::manifest

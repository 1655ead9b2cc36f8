#include "host/http/metric_families.hpp"

#include "host/http/query.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace talome::http {

namespace {

constexpr std::string_view kEnd = "# EOF\n", kType = "# TYPE ";

bool isName(std::string_view name) {
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
    return !name.empty() && !(name.front() >= '0' && name.front() <= '9') && std::all_of(name.begin(), name.end(), fits);
}

template <class F> void eachLine(std::string_view text, F&& body) {
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        body(line);
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
}

std::string_view typedName(std::string_view line) {
    line.remove_prefix(kType.size());
    return line.substr(0, line.find(' '));
}

/// A sample of the family: its name, maybe with a suffix, then labels or a blank.
bool isSampleOf(std::string_view family, std::string_view line) {
    if (!line.starts_with(family)) return false;
    const auto name = line.substr(0, line.find_first_of("{ "));
    const auto suffix = name.substr(family.size());
    return (suffix.empty() || suffix.front() == '_') && isName(name) && name.size() < line.size();
}

void add(std::string& text, std::string_view families, std::set<std::string, std::less<>>& names) {
    std::string current; // empty: what follows belongs to none that is taken
    eachLine(families, [&](std::string_view line) {
        if (line.starts_with(kType)) {
            const auto name = typedName(line);
            current = isName(name) && names.emplace(name).second ? std::string(name) : std::string();
        } else if (!line.starts_with("# UNIT " + current + " ") && !line.starts_with("# HELP " + current + " ") &&
                   !isSampleOf(current, line))
            return;
        if (!current.empty()) text.append(line).append("\n");
    });
}

} // namespace

std::string withFamilies(std::string text, const std::vector<std::string>& more) {
    if (more.empty() || !text.ends_with(kEnd)) return text;
    text.resize(text.size() - kEnd.size());
    std::set<std::string, std::less<>> names;
    eachLine(text, [&](std::string_view line) {
        if (line.starts_with(kType)) names.emplace(typedName(line));
    });
    for (const std::string& families : more)
        if (isUtf8(families)) add(text, families, names);
    return text.append(kEnd);
}

} // namespace talome::http

// Who calls, and what that allows.
#include "host/gate/principal.hpp"

#include <algorithm>

namespace talome::gate {

std::string_view nameOf(Origin origin) noexcept {
    constexpr std::string_view names[] = {"rest",    "mcp", "chat",   "automation", "task",
                                          "webhook", "bot", "plugin", "cli",        "agent"};
    return names[static_cast<int>(origin)];
}

std::string_view nameOf(Credential credential) noexcept {
    constexpr std::string_view names[] = {"none", "session", "token", "socket", "plugin", "job"};
    return names[static_cast<int>(credential)];
}

bool isPerson(Origin origin) noexcept {
    return origin == Origin::rest || origin == Origin::cli || origin == Origin::task || origin == Origin::plugin;
}

namespace {

bool hasFlag(const Principal& principal, std::string_view flag, const Flags& declared) {
    const auto known = declared.find(flag);
    if (known == declared.end() || principal.flagsMalformed) return false;
    const auto given = principal.flags.find(flag);
    return given == principal.flags.end() ? known->second : given->second;
}

bool hasWord(const Principal& principal, std::string_view word, const Flags& declared) {
    if (word == "interactive")
        return principal.credential == Credential::session || principal.credential == Credential::socket;
    if (word == "public") return true;
    if (word == "session") return !principal.role.empty();
    if (principal.role == "admin" || principal.role == "plugin")
        return true; // a plugin is limited by what it says it uses
    return principal.role == "member" && word != "admin" && hasFlag(principal, word, declared);
}

} // namespace

bool isGranted(const Principal& principal, std::string_view permission, const Flags& declared) {
    if (permission == "public") return true;
    if (!principal.authenticated || permission.empty()) return false;
    for (;;) {
        const auto comma = permission.find(',');
        if (!hasWord(principal, permission.substr(0, comma), declared)) return false;
        if (comma == std::string_view::npos) return true;
        permission.remove_prefix(comma + 1);
    }
}

bool isWithinReach(const Principal& principal, std::string_view plugin, std::string_view operation,
                   manifest::Tier tier) {
    if (tier > principal.most) return false;
    if (!principal.groups) return true;
    return principal.groups->contains(plugin) || principal.groups->contains(operation.substr(0, operation.find('.')));
}

bool isWithinReach(const Principal& principal, std::string_view plugin, const manifest::Operation& operation,
                   manifest::Tier tier) {
    if (isWithinReach(principal, plugin, operation.id, tier)) return true;
    if (tier > principal.most) return false;
    const auto holds = [&](const std::optional<std::string>& domain) {
        return principal.groups->contains(domain ? std::string_view(*domain) : kCoreDomain);
    };
    for (const auto& tool : operation.tools)
        if (holds(tool.domain) || (tool.category && principal.groups->contains(*tool.category))) return true;
    const auto any = [&](const auto& list) {
        return list && std::ranges::any_of(*list, [&](const auto& each) { return holds(each.domain); });
    };
    return any(operation.resources) || any(operation.prompts);
}

} // namespace talome::gate

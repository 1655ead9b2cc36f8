// Who calls, and by which way the call came.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace talome::gate {

enum class Origin { rest, mcp, chat, automation, task, webhook, bot, plugin, cli, agent };
std::string_view nameOf(Origin) noexcept;
/// A person at a session answers for themself; the security mode governs the other origins.
bool isPerson(Origin) noexcept;

/// Established by the authenticator; immutable, and shared by every call made on its behalf.
struct Principal {
    bool authenticated = false;
    std::string userId, username;
    std::string role; ///< "admin", "member", "plugin"; empty if not authenticated
    Origin origin = Origin::rest;
    std::string sessionId;
    std::string peer; ///< address without port
    std::string userAgent;
    std::map<std::string, bool, std::less<>> flags; ///< as given to the user; a missing one takes its declared default
    bool flagsMalformed = false;                    ///< then nothing is granted
};

/// What is declared of the feature flags, by all plugins: name and default.
using Flags = std::map<std::string, bool, std::less<>>;

/// Whether `permission` ("public", "session", "admin", "flag[,flag]") is given to the caller.
bool isGranted(const Principal&, std::string_view permission, const Flags& declared);

} // namespace talome::gate

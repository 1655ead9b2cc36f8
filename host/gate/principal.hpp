// Who calls, and by which way the call came.
#pragma once

#include "sdk/manifest/manifest.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace talome::gate {

/// Of tools that name none.
inline constexpr std::string_view kCoreDomain = "core";

enum class Origin { rest, mcp, chat, automation, task, webhook, bot, plugin, cli, agent };
std::string_view nameOf(Origin) noexcept;
/// A person at a session answers for themself; the security mode governs the other origins.
bool isPerson(Origin) noexcept;

/// By what the caller has shown who it is.
enum class Credential {
    none,
    session, ///< of a person who has logged in
    token,   ///< an API token: reaches what its scope says, see Principal::most
    socket,  ///< the daemon's unix socket, by the kernel's word for the caller's uid
    plugin,  ///< a plugin's own work
    job      ///< a job goes on for a user who need not be there any more
};

std::string_view nameOf(Credential) noexcept;

/// Established by the authenticator; immutable, and shared by every call made on its behalf.
struct Principal {
    bool authenticated = false;
    std::string userId, username;
    std::string role; ///< "admin", "member", "plugin"; empty if not authenticated
    Origin origin = Origin::rest;
    Credential credential = Credential::none;
    std::string sessionId; ///< of the session or the API token
    std::string peer;      ///< address without port
    std::string userAgent;
    std::map<std::string, bool, std::less<>> flags; ///< as given to the user; a missing one takes its declared default
    bool flagsMalformed = false;                    ///< then nothing is granted
    manifest::Tier most = manifest::Tier::destructive; ///< of what the credential may call
    /// Plugins, first words of operation ids ("containers"), or domains or categories of tools, that the credential may
    /// call; none: all.
    std::optional<std::set<std::string, std::less<>>> groups;
};

/// What is declared of the feature flags, by all plugins: name and default.
using Flags = std::map<std::string, bool, std::less<>>;

/// Whether `permission` is given to the caller: words between commas, all of which must be: "public", "session",
/// "admin", "interactive" (a person at a session or at the daemon's socket, so that no token makes another credential),
/// or feature flags.
bool isGranted(const Principal&, std::string_view permission, const Flags& declared);

/// Whether the caller's credential reaches that far, whatever its user may do. `plugin` is "host" for the host's own.
bool isWithinReach(const Principal&, std::string_view plugin, std::string_view operation, manifest::Tier);
/// The same for an operation: its groups are also the domains and categories of its tools, resources and prompts.
bool isWithinReach(const Principal&, std::string_view plugin, const manifest::Operation&, manifest::Tier);

} // namespace talome::gate

// How sessions are called: the id that a name makes, whose session an id means, and the names that people have given
// them, which are kept also while there is no such session.
#pragma once

#include "protocol/messages.hpp"

#include <talome/plugin.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace talome::terminal {

/// "sess_" and the name, with what is not of [A-Za-z0-9_-] made "-", cut to 40 bytes.
std::string idOfName(std::string_view name);

/// An id as it is shown to `viewer`: that of somebody else's session has the owner behind a dot.
std::string shownId(const Key&, std::string_view viewer);

/// Who asks, for when the call is over.
struct Caller {
    std::string userId, username, peer;
    bool admin = false;
};
Caller callerOf(const Call&);

/// The session that somebody means by an id. Throws NotFound for one of another user, unless they are an administrator,
/// and for what no id looks like.
Key keyOf(const Caller&, std::string_view id);
inline Key keyOf(const Call& call, std::string_view id) { return keyOf(callerOf(call), id); }

inline constexpr const char* kIdPattern = "^[A-Za-z0-9_-]{1,60}([.][A-Za-z0-9_:-]{1,64})?$";

/// In the plugin's database. [worker, strand]
class Names {
public:
    static constexpr const char* kMigration =
        "CREATE TABLE names(owner TEXT NOT NULL, id TEXT NOT NULL, display_name TEXT NOT NULL, changed_at INTEGER NOT "
        "NULL, "
        "PRIMARY KEY(owner, id)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE tickets(digest TEXT PRIMARY KEY, session TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT";
    static constexpr std::size_t kMostOfOwner = 200;

    explicit Names(const Host& host) : host_(host) {}
    std::optional<std::string> find(const Key&) const;
    /// Throws Conflict if the owner has too many.
    void set(const Key&, const std::string& displayName) const;
    void remove(const Key&) const;

    /// Which session a ticket is for; nothing: any. It is asked once.
    void bindTicket(const std::string& ticket, const std::string& session, std::int64_t expiresAt) const;
    std::optional<std::string> takeTicket(const std::string& ticket) const;

private:
    const Host host_;
};

} // namespace talome::terminal

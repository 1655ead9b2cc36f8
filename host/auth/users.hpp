// The accounts: kept in memory, written through to host.db.
#pragma once

#include "host/storage/database.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace talome::auth {

struct User {
    std::string id, username;
    std::optional<std::string> email;
    std::string passwordHash, recoveryHash;
    std::string role; ///< "admin" or "member"
    std::map<std::string, bool, std::less<>> flags;
    bool flagsMalformed = false;                 ///< what is stored cannot be read: nothing is granted
    std::int64_t createdAt = 0, lastLoginAt = 0; ///< milliseconds since the epoch; 0: never
};

/// Names that look alike to a person are one: white space around it and case do not count (ASCII and Latin; RFC 8265
/// asks for more, which a name of two scripts would need).
std::string nameKey(const std::string& username);

/// Any thread. A user that was handed out does not change.
class Users {
public:
    explicit Users(storage::Database&);

    bool empty() const;
    std::shared_ptr<const User> byId(std::string_view id) const;
    std::shared_ptr<const User> byName(const std::string& username) const;

    /// Makes the very first account, or returns null if there is one by now: of two callers, one wins.
    std::shared_ptr<const User> createFirst(User);
    void loggedIn(const std::string& id, std::int64_t at);

private:
    void keep(std::shared_ptr<const User>);

    storage::Database& database_;
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const User>, std::less<>> byId_, byName_;
};

} // namespace talome::auth

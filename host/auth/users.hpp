// The accounts: kept in memory, written through to host.db.
#pragma once

#include "host/storage/database.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

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

/// What a username is known by: two that look alike to a person are one. White space around it, case, and the ways in
/// which Unicode can write the same text do not count (NFKC_Casefold, UAX #31). Empty for what is no UTF-8.
std::string nameKey(const std::string& username);
/// Without the white space around it.
std::string trimmedName(const std::string& username);
/// Why this cannot be a username, which is trimmed; empty if it can.
std::string whatIsWrongWithName(const std::string& username);

/// Any thread. A user that was handed out does not change. There is an administrator as long as there is a user: what
/// would take the last one is refused, however many ask at once.
class Users {
public:
    enum class Outcome { done, missing, nameTaken, lastAdmin };

    explicit Users(storage::Database&);

    bool empty() const;
    std::shared_ptr<const User> byId(std::string_view id) const;
    std::shared_ptr<const User> byName(const std::string& username) const;
    std::vector<std::shared_ptr<const User>> all() const; ///< the oldest first

    /// Makes the very first account, or returns null if there is one by now: of two callers, one wins.
    std::shared_ptr<const User> createFirst(User);
    Outcome create(User);
    /// `edit` gets the user as it is, with no other change in between; what it throws leaves everything as it was.
    Outcome change(const std::string& id, const std::function<void(User&)>& edit);
    Outcome remove(const std::string& id);
    void loggedIn(const std::string& id, std::int64_t at);

private:
    using Kept = std::shared_ptr<const User>;
    void keep(Kept);
    void drop(const User&);
    bool isLastAdmin(const User&) const;
    bool isTaken(const std::string& username, const std::string& exceptId) const;

    storage::Database& database_;
    std::mutex writing_;       ///< held for a whole change, so that what it was decided on still holds
    mutable std::mutex mutex_; ///< of what follows; taken after writing_
    std::map<std::string, Kept, std::less<>> byId_, byName_;
};

} // namespace talome::auth

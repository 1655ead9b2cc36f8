// The accounts: kept in memory, written through to host.db.
#include "host/auth/users.hpp"

#include <Poco/UTF8String.h>
#include <boost/json.hpp>

namespace talome::auth {

namespace {

using Text = std::string;

std::optional<Text> optionalText(const storage::Value& value) {
    const auto* text = std::get_if<Text>(&value);
    return text ? std::optional(*text) : std::nullopt;
}

storage::Value fromOptional(const std::optional<Text>& text) {
    return text ? storage::Value(*text) : storage::Value(nullptr);
}

void readFlags(User& user, const std::optional<Text>& stored) {
    if (!stored) return;
    boost::system::error_code error;
    const auto value = boost::json::parse(*stored, error);
    user.flagsMalformed = error || !value.is_object();
    if (user.flagsMalformed) return;
    for (const auto& [name, granted] : value.get_object())
        if (granted.is_bool())
            user.flags.emplace(name, granted.get_bool());
        else
            user.flagsMalformed = true;
}

std::int64_t integer(const storage::Value& value) {
    const auto* number = std::get_if<std::int64_t>(&value);
    return number ? *number : 0;
}

} // namespace

std::string nameKey(const std::string& username) {
    const auto first = username.find_first_not_of(" \t\r\n"), last = username.find_last_not_of(" \t\r\n");
    if (first == std::string::npos) return {};
    return Poco::UTF8::toLower(username.substr(first, last - first + 1));
}

Users::Users(storage::Database& database) : database_(database) {
    for (const auto& row : database_.rows("SELECT id, username, email, password_hash, recovery_hash, role, "
                                          "permissions, created_at, last_login_at FROM users")) {
        auto user = std::make_shared<User>();
        user->id = std::get<Text>(row[0]);
        user->username = std::get<Text>(row[1]);
        user->email = optionalText(row[2]);
        user->passwordHash = std::get<Text>(row[3]);
        user->recoveryHash = optionalText(row[4]).value_or("");
        user->role = std::get<Text>(row[5]);
        readFlags(*user, optionalText(row[6]));
        user->createdAt = integer(row[7]);
        user->lastLoginAt = integer(row[8]);
        keep(std::move(user));
    }
}

void Users::keep(std::shared_ptr<const User> user) {
    byName_[nameKey(user->username)] = user;
    byId_[user->id] = std::move(user);
}

bool Users::empty() const {
    const std::lock_guard lock(mutex_);
    return byId_.empty();
}

std::shared_ptr<const User> Users::byId(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    const auto it = byId_.find(id);
    return it == byId_.end() ? nullptr : it->second;
}

std::shared_ptr<const User> Users::byName(const std::string& username) const {
    const auto key = nameKey(username);
    const std::lock_guard lock(mutex_);
    const auto it = byName_.find(key);
    return it == byName_.end() ? nullptr : it->second;
}

std::shared_ptr<const User> Users::createFirst(User user) {
    const auto changed = database_.run(
        "INSERT INTO users (id, username, username_key, email, password_hash, recovery_hash, role, created_at) "
        "SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM users)",
        {user.id, user.username, nameKey(user.username), fromOptional(user.email), user.passwordHash, user.recoveryHash,
         user.role, user.createdAt});
    if (changed == 0) return nullptr;
    auto kept = std::make_shared<const User>(std::move(user));
    const std::lock_guard lock(mutex_);
    keep(kept);
    return kept;
}

void Users::loggedIn(const std::string& id, std::int64_t at) {
    database_.run("UPDATE users SET last_login_at = ? WHERE id = ?", {at, id});
    const std::lock_guard lock(mutex_);
    const auto it = byId_.find(id);
    if (it == byId_.end()) return;
    auto changed = std::make_shared<User>(*it->second);
    changed->lastLoginAt = at;
    keep(std::move(changed));
}

} // namespace talome::auth

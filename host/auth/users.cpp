// The accounts: kept in memory, written through to host.db.
#include "host/auth/users.hpp"

#include "host/storage/columns.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <tuple>

namespace talome::auth {

namespace {

using Text = std::string;

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

storage::Value flagsText(const User& user) {
    if (user.flags.empty()) return nullptr;
    boost::json::object object;
    for (const auto& [name, granted] : user.flags) object[name] = granted;
    return boost::json::serialize(object);
}

} // namespace

Users::Users(storage::Database& database) : database_(database) {
    for (const auto& row : database_.rows("SELECT id, username, email, password_hash, recovery_hash, role, "
                                          "permissions, created_at, last_login_at FROM users")) {
        auto user = std::make_shared<User>();
        user->id = std::get<Text>(row[0]);
        user->username = std::get<Text>(row[1]);
        user->email = storage::valueOf<Text>(row[2]);
        user->passwordHash = std::get<Text>(row[3]);
        user->recoveryHash = storage::textOf(row[4]);
        user->role = std::get<Text>(row[5]);
        readFlags(*user, storage::valueOf<Text>(row[6]));
        user->createdAt = storage::integerOf(row[7]);
        user->lastLoginAt = storage::integerOf(row[8]);
        keep(std::move(user));
    }
}

/// Under mutex_, as drop(), isLastAdmin() and isTaken().
void Users::keep(Kept user) {
    byName_[nameKey(user->username)] = user;
    byId_[user->id] = std::move(user);
}

void Users::drop(const User& user) {
    byName_.erase(nameKey(user.username));
    byId_.erase(user.id);
}

bool Users::isLastAdmin(const User& user) const {
    return user.role == "admin" && std::none_of(byId_.begin(), byId_.end(), [&](const auto& each) {
               return each.second->role == "admin" && each.first != user.id;
           });
}

bool Users::isTaken(const std::string& username, const std::string& exceptId) const {
    const auto it = byName_.find(nameKey(username));
    return it != byName_.end() && it->second->id != exceptId;
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

std::vector<std::shared_ptr<const User>> Users::all() const {
    std::vector<Kept> list;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, user] : byId_) list.push_back(user);
    }
    std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
        return std::tie(a->createdAt, a->username) < std::tie(b->createdAt, b->username);
    });
    return list;
}

std::shared_ptr<const User> Users::createFirst(User user) {
    const std::lock_guard writing(writing_);
    const auto changed = database_.run(
        "INSERT INTO users (id, username, username_key, email, password_hash, recovery_hash, role, created_at) "
        "SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM users)",
        {user.id, user.username, nameKey(user.username), storage::orNull(user.email), user.passwordHash,
         user.recoveryHash, user.role, user.createdAt});
    if (changed == 0) return nullptr;
    auto kept = std::make_shared<const User>(std::move(user));
    const std::lock_guard lock(mutex_);
    keep(kept);
    return kept;
}

Users::Outcome Users::create(User user) {
    const std::lock_guard writing(writing_);
    {
        const std::lock_guard lock(mutex_);
        if (isTaken(user.username, user.id)) return Outcome::nameTaken;
    }
    database_.run("INSERT INTO users (id, username, username_key, email, password_hash, recovery_hash, role, "
                  "permissions, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  {user.id, user.username, nameKey(user.username), storage::orNull(user.email), user.passwordHash,
                   user.recoveryHash, user.role, flagsText(user), user.createdAt});
    const std::lock_guard lock(mutex_);
    keep(std::make_shared<const User>(std::move(user)));
    return Outcome::done;
}

Users::Outcome Users::change(const std::string& id, const std::function<void(User&)>& edit) {
    const std::lock_guard writing(writing_);
    const auto was = byId(id);
    if (!was) return Outcome::missing;
    auto changed = std::make_shared<User>(*was);
    edit(*changed);
    {
        const std::lock_guard lock(mutex_);
        if (isTaken(changed->username, id)) return Outcome::nameTaken;
        if (changed->role != "admin" && isLastAdmin(*was)) return Outcome::lastAdmin;
    }
    // A map that could not be read stays as it is until somebody sets another.
    database_.run("UPDATE users SET username = ?, username_key = ?, email = ?, password_hash = ?, recovery_hash = ?, "
                  "role = ?, permissions = CASE WHEN ? THEN permissions ELSE ? END WHERE id = ?",
                  {changed->username, nameKey(changed->username), storage::orNull(changed->email),
                   changed->passwordHash, changed->recoveryHash, changed->role, std::int64_t{changed->flagsMalformed},
                   flagsText(*changed), id});
    const std::lock_guard lock(mutex_);
    drop(*was);
    keep(std::move(changed));
    return Outcome::done;
}

Users::Outcome Users::remove(const std::string& id) {
    const std::lock_guard writing(writing_);
    const auto was = byId(id);
    if (!was) return Outcome::missing;
    {
        const std::lock_guard lock(mutex_);
        if (isLastAdmin(*was)) return Outcome::lastAdmin;
    }
    database_.run("DELETE FROM users WHERE id = ?", {id});
    const std::lock_guard lock(mutex_);
    drop(*was);
    return Outcome::done;
}

void Users::loggedIn(const std::string& id, std::int64_t at) {
    const std::lock_guard writing(writing_);
    database_.run("UPDATE users SET last_login_at = ? WHERE id = ?", {at, id});
    const std::lock_guard lock(mutex_);
    const auto it = byId_.find(id);
    if (it == byId_.end()) return;
    auto changed = std::make_shared<User>(*it->second);
    changed->lastLoginAt = at;
    keep(std::move(changed));
}

} // namespace talome::auth

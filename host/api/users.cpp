// The accounts of this server, for its administrators: /api/users.
#include "host/api/users.hpp"

#include "host/auth/password.hpp"
#include "host/auth/secret.hpp"
#include "host/log/log.hpp"

#include <set>

namespace talome::api {

namespace {

using Outcome = auth::Users::Outcome;
constexpr std::uint64_t kMostBody = 64 * 1024;
constexpr const char* kEmailForm = R"(^[^@\s]+@[^@\s]+$)";
constexpr const char* kAdminHasAll = "an administrator has all permissions; make them a member to limit them";

void succeedOrThrow(Outcome outcome) {
    switch (outcome) {
    case Outcome::done:
        return;
    case Outcome::missing:
        throw NotFound("there is no such user");
    case Outcome::nameTaken:
        throw Conflict("another user has this name, or one that looks the same");
    case Outcome::lastAdmin:
        throw Conflict("this is the last administrator: make another user one first");
    }
}

std::string goodName(const std::string& username) {
    auto name = auth::trimmedName(username);
    if (const auto why = auth::whatIsWrongWithName(name); !why.empty()) throw Invalid("username", why);
    return name;
}

} // namespace

Users::Users(Registry& registry, auth::Users& users, auth::Sessions& sessions, auth::ApiTokens& tokens,
             auth::Passwords& passwords, const gate::Registry& operations, std::function<void()> rightsChanged)
    : host_(registry.host()), users_(users), sessions_(sessions), tokens_(tokens), passwords_(passwords),
      registry_(operations), rightsChanged_(std::move(rightsChanged)) {
    const auto named = [](Operation& operation) -> Operation& {
        return operation.maxBody(kMostBody).input("id", "of the user", length(1, 100)).target("user", "id");
    };
    constexpr const char* flagsText = "feature flags by name; those that are not named stay as they are";

    registry.operation("users.list", "All accounts, the oldest first", admin, Tier::read, this, &Users::list)
        .route("GET", "/api/users")
        .tool("list_users");
    registry
        .operation("users.create", "Makes an account; its recovery code is shown this once", adminInPerson,
                   Tier::modify, this, &Users::create)
        .route("POST", "/api/users", 201)
        .maxBody(kMostBody)
        .input("username", "not the one of another account, whatever the case", length(2, 100))
        .input("password", "at least 8 characters", length(8, 500), secret())
        .input("email", "where mail for this user goes", length(3, 200), pattern(kEmailForm))
        .input("role", "member unless said", oneOf({"admin", "member"}))
        .input("permissions", "feature flags of a member; those that are not named have their declared default")
        .target("user", "username");
    named(registry.operation("users.get", "One account", admin, Tier::read, this, &Users::get)
              .route("GET", "/api/users/{id}"));
    named(registry
              .operation("users.update", "Changes an account's name, address, role or permissions", adminInPerson,
                         Tier::modify, this, &Users::update)
              .route("PUT", "/api/users/{id}"))
        .input("email", "null: none", length(3, 200), pattern(kEmailForm))
        .input("role", "a new member has the default permissions", oneOf({"admin", "member"}))
        .input("username", "not the one of another account", length(2, 100))
        .input("permissions", flagsText);
    named(registry
              .operation("users.delete", "Deletes an account with its sessions and tokens", adminInPerson,
                         Tier::destructive, this, &Users::remove)
              .route("DELETE", "/api/users/{id}"));
    named(registry
              .operation("users.resetPassword", "Gives an account another password, and ends its sessions",
                         adminInPerson, Tier::modify, this, &Users::resetPassword)
              .route("POST", "/api/users/{id}/reset-password"))
        .input("password", "at least 8 characters", length(8, 500), secret());
    named(registry
              .operation("users.recoveryCode", "Gives an account another recovery code, which is shown this once",
                         adminInPerson, Tier::modify, this, &Users::recoveryCode)
              .route("POST", "/api/users/{id}/recovery-code"));
    named(registry
              .operation("users.setPermissions", "Gives and takes a member's feature flags", adminInPerson,
                         Tier::modify, this, &Users::setPermissions)
              .route("PUT", "/api/users/{id}/permissions"))
        .input("permissions", flagsText);
    registry
        .operation("users.bulkPermissions", "Gives and takes feature flags of many members; administrators are skipped",
                   adminInPerson, Tier::modify, this, &Users::bulkPermissions)
        .route("POST", "/api/users/bulk-permissions")
        .maxBody(kMostBody)
        .input("userIds", "of the members", items(1, 1'000))
        .input("permissions", flagsText);
    named(registry
              .operation("users.revokeSessions", "Ends all sessions of an account", adminInPerson, Tier::modify, this,
                         &Users::revokeSessions)
              .route("POST", "/api/users/{id}/sessions/revoke"));
}

std::shared_ptr<const auth::User> Users::existing(const std::string& id) const {
    auto user = users_.byId(id);
    if (!user) succeedOrThrow(Outcome::missing);
    return user;
}

void Users::change(const std::string& id, const std::function<void(auth::User&)>& edit) {
    succeedOrThrow(users_.change(id, edit));
    rightsChanged_();
}

/// A misspelt flag must not look as if it were set.
void Users::refuseUnknown(const Permissions& permissions) const {
    const auto snapshot = registry_.snapshot();
    for (const auto& [flag, given] : permissions)
        if (!snapshot->flags.contains(flag))
            throw Invalid("permissions." + flag, "no enabled plugin declares such a permission");
}

/// What is not named stays, unless nobody could read what there was: then that stays denied.
void Users::grant(auth::User& user, const Permissions& permissions) const {
    if (user.flagsMalformed) {
        user.flags.clear();
        for (const auto& [flag, fallback] : registry_.snapshot()->flags) user.flags[flag] = false;
        user.flagsMalformed = false;
    }
    for (const auto& [flag, given] : permissions) user.flags[flag] = given;
}

Permissions Users::granted(const auth::User& user) const {
    gate::Principal principal;
    principal.authenticated = true;
    principal.role = user.role;
    principal.flags = user.flags;
    principal.flagsMalformed = user.flagsMalformed;
    const auto snapshot = registry_.snapshot();
    Permissions all;
    for (const auto& [flag, fallback] : snapshot->flags) all[flag] = gate::isGranted(principal, flag, snapshot->flags);
    return all;
}

UserRow Users::row(const auth::User& user) const {
    return {user.id,
            user.username,
            {user.email},
            user.role,
            granted(user),
            log::timestamp(user.createdAt),
            {user.lastLoginAt ? std::optional(log::timestamp(user.lastLoginAt)) : std::nullopt}};
}

std::vector<UserRow> Users::list(Call& call) const {
    std::vector<UserRow> rows;
    for (const auto& user : users_.all()) rows.push_back(row(*user));
    call.header("X-Total-Count", std::to_string(rows.size()));
    return rows;
}

UserRow Users::get(const UserById& input) const { return row(*existing(input.id)); }

CreatedUser Users::create(Call& call, const CreateUser& input) {
    auth::User user;
    user.username = goodName(input.username);
    if (users_.byName(user.username)) succeedOrThrow(Outcome::nameTaken); // before the long work
    user.email = input.email;
    user.role = input.role.value_or("member");
    if (input.permissions) {
        if (user.role == "admin") throw Invalid("permissions", kAdminHasAll);
        refuseUnknown(*input.permissions);
        grant(user, *input.permissions);
    }
    const auto peer = call.principal().peer;
    const auto code = auth::newRecoveryCode();
    user.id = auth::uuid();
    user.passwordHash = passwords_.hash(input.password, peer);
    user.recoveryHash = passwords_.hash(code, peer);
    user.createdAt = host_.nowMs();
    succeedOrThrow(users_.create(user));
    call.header("Cache-Control", "no-store");
    call.header("Location", "/api/users/" + user.id);
    return {user.id, user.username, {user.email}, user.role, granted(user), code, log::timestamp(user.createdAt)};
}

void Users::update(const UpdateUser& input) {
    if (!input.email.given && !input.role && !input.username && !input.permissions)
        throw Invalid("there is nothing to change: give email, role, username or permissions");
    const auto name = input.username ? std::optional(goodName(*input.username)) : std::nullopt;
    if (input.permissions) refuseUnknown(*input.permissions);
    const auto defaults = registry_.snapshot()->flags;
    change(input.id, [&](auth::User& user) {
        if (name) user.username = *name;
        if (input.email.given) user.email = input.email.value;
        if (input.role && *input.role != user.role) {
            user.role = *input.role;
            user.flagsMalformed = false;
            user.flags = user.role == "admin" ? gate::Flags{} : defaults;
        }
        if (!input.permissions) return;
        if (user.role == "admin") throw Invalid("permissions", kAdminHasAll);
        grant(user, *input.permissions);
    });
}

void Users::remove(Call& call, const UserById& input) {
    if (input.id == call.principal().userId)
        throw Invalid("id", "is your own account, which another administrator can delete");
    succeedOrThrow(users_.remove(input.id));
    sessions_.revokeAllOf(input.id, "", host_.nowMs());
    tokens_.removeAllOf(input.id);
    rightsChanged_();
}

void Users::resetPassword(Call& call, const ResetPassword& input) {
    const auto caller = call.principal();
    existing(input.id);
    const auto hash = passwords_.hash(input.password, caller.peer);
    succeedOrThrow(users_.change(input.id, [&](auth::User& user) { user.passwordHash = hash; }));
    sessions_.revokeAllOf(input.id, caller.userId == input.id ? caller.sessionId : "", host_.nowMs());
}

NewRecoveryCode Users::recoveryCode(Call& call, const UserById& input) {
    existing(input.id);
    const auto code = auth::newRecoveryCode();
    const auto hash = passwords_.hash(code, call.principal().peer);
    succeedOrThrow(users_.change(input.id, [&](auth::User& user) { user.recoveryHash = hash; }));
    call.header("Cache-Control", "no-store");
    return {true, code};
}

void Users::setPermissions(const SetPermissions& input) {
    refuseUnknown(input.permissions);
    change(input.id, [&](auth::User& user) {
        if (user.role == "admin") throw Invalid("permissions", kAdminHasAll);
        grant(user, input.permissions);
    });
}

BulkUpdated Users::bulkPermissions(const BulkPermissions& input) {
    refuseUnknown(input.permissions);
    BulkUpdated output;
    for (const auto& id : std::set<std::string>(input.userIds.begin(), input.userIds.end())) {
        bool member = false;
        const auto outcome = users_.change(id, [&](auth::User& user) {
            member = user.role == "member";
            if (member) grant(user, input.permissions);
        });
        if (outcome == Outcome::done && member) ++output.updated;
    }
    rightsChanged_();
    return output;
}

SessionsRevoked Users::revokeSessions(const UserById& input) {
    existing(input.id);
    return {true, static_cast<std::int64_t>(sessions_.revokeAllOf(input.id, "", host_.nowMs()))};
}

} // namespace talome::api

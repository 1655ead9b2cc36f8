// The accounts of this server, for its administrators: /api/users.
#pragma once

#include "host/auth/api_tokens.hpp"
#include "host/auth/passwords.hpp"
#include "host/auth/sessions.hpp"
#include "host/auth/users.hpp"
#include "host/gate/registry.hpp"

#include <functional>
#include <talome/plugin.hpp>

namespace talome::api {

using Permissions = std::map<std::string, bool>;

struct UserRow {
    std::string id, username;
    Nullable<std::string> email;
    std::string role;
    Permissions permissions; ///< all flags that are declared, as they are granted
    std::string createdAt;
    Nullable<std::string> lastLoginAt;
};
BOOST_DESCRIBE_STRUCT(UserRow, (), (id, username, email, role, permissions, createdAt, lastLoginAt))

struct CreateUser {
    std::string username, password;
    std::optional<std::string> email, role;
    std::optional<Permissions> permissions;
};
BOOST_DESCRIBE_STRUCT(CreateUser, (), (username, password, email, role, permissions))

struct CreatedUser {
    std::string id, username;
    Nullable<std::string> email;
    std::string role;
    Permissions permissions;
    std::string recoveryCode, createdAt;
};
BOOST_DESCRIBE_STRUCT(CreatedUser, (), (id, username, email, role, permissions, recoveryCode, createdAt))

struct UserById {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(UserById, (), (id))

struct UpdateUser {
    std::string id;
    Patch<std::string> email;
    std::optional<std::string> role, username;
    std::optional<Permissions> permissions;
};
BOOST_DESCRIBE_STRUCT(UpdateUser, (), (id, email, role, username, permissions))

struct ResetPassword {
    std::string id, password;
};
BOOST_DESCRIBE_STRUCT(ResetPassword, (), (id, password))

struct NewRecoveryCode {
    bool ok = true;
    std::string recoveryCode;
};
BOOST_DESCRIBE_STRUCT(NewRecoveryCode, (), (ok, recoveryCode))

struct SetPermissions {
    std::string id;
    Permissions permissions;
};
BOOST_DESCRIBE_STRUCT(SetPermissions, (), (id, permissions))

struct BulkPermissions {
    std::vector<std::string> userIds;
    Permissions permissions;
};
BOOST_DESCRIBE_STRUCT(BulkPermissions, (), (userIds, permissions))

struct BulkUpdated {
    bool ok = true;
    std::int64_t updated = 0;
};
BOOST_DESCRIBE_STRUCT(BulkUpdated, (), (ok, updated))

struct SessionsRevoked {
    bool ok = true;
    std::int64_t revoked = 0;
};
BOOST_DESCRIBE_STRUCT(SessionsRevoked, (), (ok, revoked))

/// Any thread. What it changes is in force at the next request, and open streams hear of it before it answers.
class Users {
public:
    /// `rightsChanged`: reviews the open streams.
    Users(Registry&, auth::Users&, auth::Sessions&, auth::ApiTokens&, auth::Passwords&, const gate::Registry&,
          std::function<void()> rightsChanged);

private:
    std::vector<UserRow> list(Call&) const;
    UserRow get(const UserById&) const;
    CreatedUser create(Call&, const CreateUser&);
    void update(const UpdateUser&);
    void remove(Call&, const UserById&);
    void resetPassword(Call&, const ResetPassword&);
    NewRecoveryCode recoveryCode(Call&, const UserById&);
    void setPermissions(const SetPermissions&);
    BulkUpdated bulkPermissions(const BulkPermissions&);
    SessionsRevoked revokeSessions(const UserById&);

    std::shared_ptr<const auth::User> existing(const std::string& id) const;
    void change(const std::string& id, const std::function<void(auth::User&)>& edit);
    void refuseUnknown(const Permissions&) const;
    void grant(auth::User&, const Permissions&) const;
    Permissions granted(const auth::User&) const;
    UserRow row(const auth::User&) const;

    Host host_;
    auth::Users& users_;
    auth::Sessions& sessions_;
    auth::ApiTokens& tokens_;
    auth::Passwords& passwords_;
    const gate::Registry& registry_;
    const std::function<void()> rightsChanged_;
};

} // namespace talome::api

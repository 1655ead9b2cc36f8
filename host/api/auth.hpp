// Logging in and out, and what an account's owner does with it: /api/auth.
#pragma once

#include "host/auth/limiter.hpp"
#include "host/auth/passwords.hpp"
#include "host/auth/sessions.hpp"
#include "host/auth/users.hpp"
#include "host/gate/registry.hpp"

#include <talome/plugin.hpp>

namespace talome::api {

struct LoginInput {
    std::optional<std::string> username;
    std::string password;
    std::optional<std::string> setupCode;
};
BOOST_DESCRIBE_STRUCT(LoginInput, (), (username, password, setupCode))

struct LoggedInUser {
    std::string id, username;
    Nullable<std::string> email;
    std::string role;
};
BOOST_DESCRIBE_STRUCT(LoggedInUser, (), (id, username, email, role))

struct LoginOutput {
    bool ok = true, setup = false;
    std::string token, expiresAt;
    LoggedInUser user;
    std::optional<std::string> recoveryCode;
};
BOOST_DESCRIBE_STRUCT(LoginOutput, (), (ok, setup, token, expiresAt, user, recoveryCode))

struct RecoverInput {
    std::string username, recoveryCode, newPassword;
};
BOOST_DESCRIBE_STRUCT(RecoverInput, (), (username, recoveryCode, newPassword))

struct RecoverOutput {
    bool ok = true;
    std::string newRecoveryCode, token;
};
BOOST_DESCRIBE_STRUCT(RecoverOutput, (), (ok, newRecoveryCode, token))

struct ChangePasswordInput {
    std::string currentPassword, newPassword;
};
BOOST_DESCRIBE_STRUCT(ChangePasswordInput, (), (currentPassword, newPassword))

struct MeOutput {
    bool authenticated = true;
    std::string userId, username;
    Nullable<std::string> email;
    std::string role;
    std::map<std::string, bool> permissions;
};
BOOST_DESCRIBE_STRUCT(MeOutput, (), (authenticated, userId, username, email, role, permissions))

struct AuthStatus {
    bool passwordConfigured;
};
BOOST_DESCRIBE_STRUCT(AuthStatus, (), (passwordConfigured))

/// Any thread.
class Auth {
public:
    Auth(Registry&, auth::Users&, auth::Sessions&, auth::Passwords&, const gate::Registry&);

    /// Empty once there is a user: whoever logs in first from a public address must also know it.
    std::string setupCode() const { return users_.empty() ? setupCode_ : std::string(); }

    /// Makes the administrator of a new server and logs them in; nothing if there is a user by now.
    std::optional<LoginOutput> createFirst(Call&, const std::string& username, const std::string& password,
                                           const std::optional<std::string>& setupCode);

private:
    LoginOutput login(Call&, const LoginInput&);
    void logout(Call&);
    RecoverOutput recover(Call&, const RecoverInput&);
    void changePassword(Call&, const ChangePasswordInput&);
    MeOutput me(Call&) const;
    AuthStatus status() const { return {!users_.empty()}; }
    std::string verify(Call&) const;

    std::shared_ptr<const auth::User> check(Call&, const std::string& username, const std::string& given,
                                            std::string auth::User::*hash, const char* wrong);
    std::shared_ptr<const auth::User> renewed(std::shared_ptr<const auth::User>, const std::string& password,
                                              const std::string& peer);
    LoginOutput enter(Call&, const auth::User&, bool setup);
    auth::Limiter::Rule rule() const;

    Host host_;
    auth::Users& users_;
    auth::Sessions& sessions_;
    auth::Passwords& passwords_;
    const gate::Registry& registry_;
    auth::Limiter limiter_;
    const std::string setupCode_;
};

} // namespace talome::api

// Logging in and out: /api/auth.
#pragma once

#include "host/auth/limiter.hpp"
#include "host/auth/sessions.hpp"
#include "host/auth/users.hpp"
#include "host/gate/registry.hpp"

#include <atomic>
#include <functional>
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

struct MeOutput {
    bool authenticated = true;
    std::string userId, username;
    Nullable<std::string> email;
    std::string role;
    std::map<std::string, bool> permissions;
};
BOOST_DESCRIBE_STRUCT(MeOutput, (), (authenticated, userId, username, email, role, permissions))

/// Any thread.
class Auth {
public:
    Auth(Registry&, auth::Users&, auth::Sessions&, const gate::Registry&);

    /// Empty once there is a user: whoever logs in first from a public address must also know it.
    std::string setupCode() const { return users_.empty() ? setupCode_ : std::string(); }

private:
    LoginOutput login(Call&, const LoginInput&);
    void logout(Call&);
    MeOutput me(Call&) const;

    LoginOutput createFirst(Call&, const std::string& username, const LoginInput&, const Principal&);
    LoginOutput answer(Call&, const auth::User&, const Principal&, bool setup);
    auth::Limiter::Rule rule() const;

    Host host_;
    auth::Users& users_;
    auth::Sessions& sessions_;
    const gate::Registry& registry_;
    auth::Limiter limiter_;
    const std::string setupCode_;
};

} // namespace talome::api

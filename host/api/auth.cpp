// Logging in and out, and what an account's owner does with it: /api/auth.
#include "host/api/auth.hpp"

#include "host/api/session_cookie.hpp"
#include "host/auth/password.hpp"
#include "host/auth/secret.hpp"
#include "host/gate/call.hpp"
#include "host/gate/network.hpp"
#include "host/log/log.hpp"

namespace talome::api {

namespace {

// One text for both, so that nobody learns which names exist.
constexpr const char* kWrong = "the username or the password is wrong";
constexpr const char* kWrongCode = "the username or the recovery code is wrong";
constexpr const char* kWrongCurrent = "the current password is wrong";
constexpr std::uint64_t kMostBody = 16 * 1024;

} // namespace

Auth::Auth(Registry& registry, auth::Users& users, auth::Sessions& sessions, auth::Passwords& passwords,
           const gate::Registry& operations)
    : host_(registry.host()), users_(users), sessions_(sessions), passwords_(passwords), registry_(operations),
      setupCode_(auth::base64Url(auth::randomBytes(9))) {
    registry
        .operation("auth.login", "Logs in; the first login on a new server creates its administrator", anyone,
                   Tier::modify, this, &Auth::login)
        .route("POST", "/api/auth/login")
        .maxBody(kMostBody)
        .input("username", "who; admin if missing", length(0, 100))
        .input("password", "at least 8 characters at the first login", length(1, 500), secret())
        .input("setupCode", "printed at the start; needed for the first login from a public address", length(1, 100),
               secret())
        .target("user", "username");
    registry
        .operation("auth.logout", "Ends the session of the token or cookie", anyone, Tier::modify, this, &Auth::logout)
        .route("POST", "/api/auth/logout");
    registry
        .operation(
            "auth.recover",
            "Sets a new password by the recovery code, which is good once: the answer has the next one. Ends all "
            "sessions of the account and logs in",
            anyone, Tier::modify, this, &Auth::recover)
        .route("POST", "/api/auth/recover")
        .maxBody(kMostBody)
        .input("username", "whose account", length(1, 100))
        .input("recoveryCode", "as it was shown", length(1, 100), secret())
        .input("newPassword", "at least 8 characters", length(8, 500), secret())
        .target("user", "username");
    registry
        .operation("auth.changePassword", "Changes the caller's own password, and ends all other sessions of theirs",
                   inPerson, Tier::modify, this, &Auth::changePassword)
        .route("POST", "/api/auth/change-password")
        .maxBody(kMostBody)
        .input("currentPassword", "as it is now", length(1, 500), secret())
        .input("newPassword", "at least 8 characters", length(8, 500), secret());
    registry.operation("auth.me", "Who the caller is, and what it may do", session, Tier::read, this, &Auth::me)
        .route("GET", "/api/auth/me");
    registry.operation("auth.status", "Whether this server has an account yet", anyone, Tier::read, this, &Auth::status)
        .route("GET", "/api/auth/status");
    registry
        .operation("auth.verify",
                   "For a reverse proxy that asks before it lets a request through: 200 with X-Talome-User and "
                   "X-Talome-Role for the session of a cookie or token, or for an API token without limits; else 401",
                   anyone, Tier::read, this, &Auth::verify)
        .route("GET", "/api/auth/verify")
        .text();
    registry
        .setting("auth_max_failures",
                 "How many failed logins of one account from one address are allowed in auth_lockout_minutes; of all "
                 "accounts together, ten times as many",
                 5)
        .range(1, 1'000'000);
    registry.setting("auth_lockout_minutes", "How long failed logins count", 15).range(1, 1'440);
}

auth::Limiter::Rule Auth::rule() const {
    return {host_.setting<int>("auth_max_failures"), host_.setting<std::int64_t>("auth_lockout_minutes") * 60'000};
}

/// The account whose password or recovery code this is; null never. What does not exist takes as long as what does.
std::shared_ptr<const auth::User> Auth::check(Call& call, const std::string& username, const std::string& given,
                                              std::string auth::User::*hash, const char* wrong) {
    const auto peer = call.principal().peer;
    const auto account = auth::nameKey(username);
    if (const int wait = limiter_.admit(account, peer, host_.nowMs(), rule()); wait > 0) {
        call.header("Retry-After", std::to_string(wait));
        throw Limited("too many failed tries; try again in " + std::to_string(wait) + " seconds");
    }
    const auto user = users_.byName(username);
    const bool known = user && !((*user).*hash).empty();
    bool right = false;
    try {
        right = passwords_.verify(given, known ? (*user).*hash : auth::hashOfNobody(), peer);
    } catch (...) {
        limiter_.undone(account, peer);
        throw;
    }
    if (!right || !known) throw Unauthenticated(wrong);
    limiter_.succeeded(account, peer);
    return user;
}

LoginOutput Auth::login(Call& call, const LoginInput& input) {
    auto username = auth::trimmedName(input.username.value_or("admin"));
    if (username.empty()) username = "admin";
    if (users_.empty())
        if (auto first = createFirst(call, username, input.password, input.setupCode)) return std::move(*first);
    auto user = check(call, username, input.password, &auth::User::passwordHash, kWrong);
    user = renewed(std::move(user), input.password, call.principal().peer);
    return enter(call, *user, false);
}

std::optional<LoginOutput> Auth::createFirst(Call& call, const std::string& username, const std::string& password,
                                             const std::optional<std::string>& setupCode) {
    if (const auto why = auth::whatIsWrongWithName(username); !why.empty()) throw Invalid("username", why);
    if (password.size() < 8)
        throw Invalid("password", "must have at least 8 characters: this login creates the administrator");
    const auto peer = call.principal().peer;
    if ((!gate::isPrivateAddress(peer) || call.raw()->relayed) &&
        !auth::equalConstantTime(setupCode.value_or(""), setupCode_))
        throw Denied("the first login from a public address, or through a proxy that is not named in trusted_proxies, "
                     "needs `setupCode`, which the server has printed at its start");
    const auto code = auth::newRecoveryCode();
    auth::User user;
    user.id = auth::uuid();
    user.username = username;
    user.passwordHash = passwords_.hash(password, peer);
    user.recoveryHash = passwords_.hash(code, peer);
    user.role = "admin";
    user.createdAt = host_.nowMs();
    const auto created = users_.createFirst(std::move(user));
    if (!created) return std::nullopt; // somebody else was first
    host_.info("the administrator '" + created->username + "' was created");
    auto output = enter(call, *created, true);
    output.recoveryCode = code;
    return output;
}

/// The user with a hash of today's kind, now that the password is known: imported ones are of others.
std::shared_ptr<const auth::User> Auth::renewed(std::shared_ptr<const auth::User> user, const std::string& password,
                                                const std::string& peer) {
    if (!auth::isOutdated(user->passwordHash)) return user;
    const auto hash = passwords_.hash(password, peer);
    const auto outcome = users_.change(user->id, [&](auth::User& now) {
        if (now.passwordHash != user->passwordHash) throw Unauthenticated(kWrong); // changed meanwhile
        now.passwordHash = hash;
    });
    auto now = outcome == auth::Users::Outcome::done ? users_.byId(user->id) : nullptr;
    if (!now) throw Unauthenticated(kWrong);
    return now;
}

/// A session for a user whose password was right. It may have been changed, or the account deleted, while it was
/// checked; whoever does that ends the sessions afterwards, so either they see this one or this sees what they did.
LoginOutput Auth::enter(Call& call, const auth::User& user, bool setup) {
    const auto caller = call.principal();
    const auto now = host_.nowMs();
    std::pair<auth::Session, std::string> made;
    try {
        made = sessions_.create(user.id, caller.peer, caller.userAgent, now);
    } catch (const storage::DatabaseError& error) {
        if (error.constraint) throw Unauthenticated(kWrong); // no such user any more
        throw;
    }
    const auto still = users_.byId(user.id);
    if (!still || still->passwordHash != user.passwordHash) {
        sessions_.revoke(made.first.id, now);
        throw Unauthenticated(kWrong);
    }
    users_.loggedIn(user.id, now);
    setSessionCookie(call, made.second, std::chrono::duration_cast<std::chrono::seconds>(auth::kWholeLifetime).count());
    call.header("Cache-Control", "no-store");
    return {true,
            setup,
            made.second,
            log::timestamp(made.first.expiresAt()),
            {still->id, still->username, {still->email}, still->role},
            std::nullopt};
}

void Auth::logout(Call& call) {
    const auto& who = *call.raw()->principal;
    if (who.credential == gate::Credential::session) sessions_.revoke(who.sessionId, host_.nowMs());
    setSessionCookie(call, "", 0);
}

RecoverOutput Auth::recover(Call& call, const RecoverInput& input) {
    const auto peer = call.principal().peer;
    const auto user = check(call, input.username, input.recoveryCode, &auth::User::recoveryHash, kWrongCode);
    RecoverOutput output;
    output.newRecoveryCode = auth::newRecoveryCode();
    const auto password = passwords_.hash(input.newPassword, peer);
    const auto code = passwords_.hash(output.newRecoveryCode, peer);
    const auto outcome = users_.change(user->id, [&](auth::User& now) {
        if (now.recoveryHash != user->recoveryHash) throw Unauthenticated(kWrongCode); // used meanwhile
        now.passwordHash = password;
        now.recoveryHash = code;
    });
    if (outcome != auth::Users::Outcome::done) throw Unauthenticated(kWrongCode);
    sessions_.revokeAllOf(user->id, "", host_.nowMs());
    auto now = *user;
    now.passwordHash = password;
    output.token = enter(call, now, false).token;
    return output;
}

void Auth::changePassword(Call& call, const ChangePasswordInput& input) {
    const auto caller = call.principal();
    const auto own = users_.byId(caller.userId);
    if (!own) throw Denied("this caller has no account, and so no password");
    const auto user = check(call, own->username, input.currentPassword, &auth::User::passwordHash, kWrongCurrent);
    if (user->id != own->id) throw Unauthenticated(kWrongCurrent); // renamed meanwhile
    const auto hash = passwords_.hash(input.newPassword, caller.peer);
    const auto outcome = users_.change(user->id, [&](auth::User& now) {
        if (now.passwordHash != user->passwordHash) throw Unauthenticated(kWrongCurrent); // changed meanwhile
        now.passwordHash = hash;
    });
    if (outcome != auth::Users::Outcome::done) throw Unauthenticated("the account is gone");
    sessions_.revokeAllOf(user->id, caller.sessionId, host_.nowMs());
}

MeOutput Auth::me(Call& call) const {
    const auto caller = call.principal();
    const auto user = users_.byId(caller.userId);
    MeOutput output{true, caller.userId, caller.username, {}, caller.role, {}}; // at the socket nobody has an account
    if (user) output.email = {user->email};
    for (const auto& [flag, granted] : registry_.snapshot()->flags) output.permissions[flag] = call.granted(flag);
    return output;
}

std::string Auth::verify(Call& call) const {
    const auto& who = *call.raw()->principal;
    // What an app behind the proxy does with the request is unknown: only what reaches everything opens it.
    const bool whole = !who.groups && who.most == manifest::Tier::destructive;
    call.header("Cache-Control", "no-store");
    if (!who.authenticated || who.role.empty() || !whole) {
        call.status(401);
        return {};
    }
    call.header("X-Talome-User", who.username);
    call.header("X-Talome-Role", who.role);
    return {};
}

} // namespace talome::api

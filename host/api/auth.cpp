// Logging in and out: /api/auth.
#include "host/api/auth.hpp"

#include "host/auth/password.hpp"
#include "host/auth/secret.hpp"
#include "host/gate/call.hpp"
#include "host/gate/network.hpp"
#include "host/log/log.hpp"

namespace talome::api {

namespace {

// One text for both, so that nobody learns which names exist.
constexpr const char* kWrong = "the username or the password is wrong";

std::string cookie(const std::string& token, std::int64_t seconds) {
    return "talome_session=" + token + "; HttpOnly; SameSite=Lax; Path=/; Max-Age=" + std::to_string(seconds);
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
    return first == std::string::npos ? std::string() : text.substr(first, last - first + 1);
}

} // namespace

Auth::Auth(Registry& registry, auth::Users& users, auth::Sessions& sessions, const gate::Registry& operations)
    : host_(registry.host()), users_(users), sessions_(sessions), registry_(operations),
      setupCode_(auth::base64Url(auth::randomBytes(9))) {
    registry
        .operation("auth.login", "Logs in; the first login on a new server creates its administrator", anyone,
                   Tier::modify, this, &Auth::login)
        .route("POST", "/api/auth/login")
        .maxBody(16 * 1024)
        .input("username", "who; admin if missing", length(0, 100))
        .input("password", "at least 8 characters at the first login", length(1, 500), secret())
        .input("setupCode", "printed at the start; needed for the first login from a public address", length(1, 100),
               secret())
        .target("user", "username");
    registry
        .operation("auth.logout", "Ends the session of the token or cookie", anyone, Tier::modify, this, &Auth::logout)
        .route("POST", "/api/auth/logout");
    registry.operation("auth.me", "Who the caller is, and what it may do", session, Tier::read, this, &Auth::me)
        .route("GET", "/api/auth/me");
    registry
        .setting("auth_max_failures",
                 "How many failed logins of one account from one address are allowed in auth_lockout_minutes", 5)
        .range(1, 1'000'000);
    registry.setting("auth_lockout_minutes", "How long failed logins count", 15).range(1, 1'440);
}

auth::Limiter::Rule Auth::rule() const {
    return {host_.setting<int>("auth_max_failures"), host_.setting<std::int64_t>("auth_lockout_minutes") * 60'000};
}

LoginOutput Auth::login(Call& call, const LoginInput& input) {
    const auto caller = call.principal();
    auto username = trimmed(input.username.value_or("admin"));
    if (username.empty()) username = "admin";
    if (users_.empty()) return createFirst(call, username, input, caller);
    const auto account = auth::nameKey(username);
    if (const int wait = limiter_.admit(account, caller.peer, host_.nowMs(), rule()); wait > 0) {
        call.header("Retry-After", std::to_string(wait));
        throw Limited("too many failed logins; try again in " + std::to_string(wait) + " seconds");
    }
    const auto user = users_.byName(username);
    if (!user) {
        auth::verifyNothing(input.password);
        throw Unauthenticated(kWrong);
    }
    if (!auth::verifyPassword(input.password, user->passwordHash)) throw Unauthenticated(kWrong);
    limiter_.succeeded(account, caller.peer);
    return answer(call, *user, caller, false);
}

LoginOutput Auth::createFirst(Call& call, const std::string& username, const LoginInput& input,
                              const Principal& caller) {
    if (username.size() < 2) throw Invalid("username", "must have at least 2 characters");
    if (input.password.size() < 8)
        throw Invalid("password", "must have at least 8 characters: this login creates the administrator");
    if ((!gate::isPrivateAddress(caller.peer) || call.raw()->relayed) &&
        !auth::equalConstantTime(input.setupCode.value_or(""), setupCode_))
        throw Denied("the first login from a public address, or through a proxy that is not named in trusted_proxies, "
                     "needs `setupCode`, which the server has printed at its start");
    const auto code = auth::base64Url(auth::randomBytes(18));
    auth::User user;
    user.id = auth::uuid();
    user.username = username;
    user.passwordHash = auth::hashPassword(input.password);
    user.recoveryHash = auth::hashPassword(code);
    user.role = "admin";
    user.createdAt = host_.nowMs();
    const auto created = users_.createFirst(std::move(user));
    if (!created) return login(call, input); // somebody else was first: an ordinary login then
    host_.info("the administrator '" + created->username + "' was created");
    auto output = answer(call, *created, caller, true);
    output.recoveryCode = code;
    return output;
}

LoginOutput Auth::answer(Call& call, const auth::User& user, const Principal& caller, bool setup) {
    const auto now = host_.nowMs();
    const auto [session, token] = sessions_.create(user.id, caller.peer, caller.userAgent, now);
    users_.loggedIn(user.id, now);
    call.header("Set-Cookie",
                cookie(token, std::chrono::duration_cast<std::chrono::seconds>(auth::kWholeLifetime).count()));
    call.header("Cache-Control", "no-store");
    return {true,
            setup,
            token,
            log::timestamp(session.expiresAt()),
            {user.id, user.username, {user.email}, user.role},
            std::nullopt};
}

void Auth::logout(Call& call) {
    const auto caller = call.principal();
    if (caller.authenticated) sessions_.revoke(caller.sessionId, host_.nowMs());
    call.header("Set-Cookie", cookie("", 0));
}

MeOutput Auth::me(Call& call) const {
    const auto caller = call.principal();
    const auto user = users_.byId(caller.userId);
    if (!user) throw Unauthenticated("this session has no user");
    MeOutput output{true, user->id, user->username, {user->email}, user->role, {}};
    for (const auto& [flag, granted] : registry_.snapshot()->flags) output.permissions[flag] = call.granted(flag);
    return output;
}

} // namespace talome::api

// Where somebody is logged in, and ending that: /api/auth/sessions.
#include "host/api/sessions.hpp"

#include "host/api/session_cookie.hpp"
#include "host/log/log.hpp"

#include <algorithm>

namespace talome::api {

Sessions::Sessions(Registry& registry, auth::Sessions& sessions) : host_(registry.host()), sessions_(sessions) {
    registry
        .operation("sessions.list", "Where the caller is logged in, the latest login first", session, Tier::read, this,
                   &Sessions::list)
        .route("GET", "/api/auth/sessions");
    registry
        .operation("sessions.revoke", "Ends one session of the caller, and what it has open", inPerson, Tier::modify,
                   this, &Sessions::revoke)
        .route("DELETE", "/api/auth/sessions/{jti}")
        .input("jti", "of the session, as the list has it", length(1, 100))
        .target("session", "jti");
    registry
        .operation("sessions.revokeAll", "Ends all sessions of the caller, this one too", inPerson, Tier::modify, this,
                   &Sessions::revokeAll)
        .route("POST", "/api/auth/logout-all");
    registry
        .setting("auth_session_hours",
                 "After how many hours without use a session ends; 30 days after its login it ends in any case",
                 auth::kIdleLifetime.count())
        .range(1, auth::kWholeLifetime.count());
    sessions_.idleLifetime([this] { return std::chrono::hours(host_.setting<std::int64_t>("auth_session_hours")); });
}

std::vector<SessionInfo> Sessions::list(Call& call) const {
    const auto caller = call.principal();
    std::vector<SessionInfo> found;
    for (const auto& each : sessions_.of(caller.userId, host_.nowMs()))
        found.push_back({each.id, log::timestamp(each.createdAt), log::timestamp(each.lastSeenAt),
                         log::timestamp(each.expiresAt()), each.peer, each.userAgent, each.id == caller.sessionId});
    return found;
}

void Sessions::revoke(Call& call, const SessionInput& input) {
    const auto now = host_.nowMs();
    const auto own = sessions_.of(call.principal().userId, now);
    if (std::none_of(own.begin(), own.end(), [&](const auth::Session& each) { return each.id == input.jti; }))
        throw NotFound("you have no such session"); // somebody else's may well be there
    sessions_.revoke(input.jti, now);
}

LogoutAllOutput Sessions::revokeAll(Call& call) {
    const auto revoked = sessions_.revokeAllOf(call.principal().userId, "", host_.nowMs());
    setSessionCookie(call, "", 0);
    return {true, revoked};
}

} // namespace talome::api

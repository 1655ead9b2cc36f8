// Where somebody is logged in, and ending that: /api/auth/sessions.
#pragma once

#include "host/auth/sessions.hpp"

#include <talome/plugin.hpp>

namespace talome::api {

struct SessionInfo {
    std::string jti, createdAt, lastSeenAt, expiresAt, ip, userAgent;
    bool current = false;
};
BOOST_DESCRIBE_STRUCT(SessionInfo, (), (jti, createdAt, lastSeenAt, expiresAt, ip, userAgent, current))

struct SessionInput {
    std::string jti;
};
BOOST_DESCRIBE_STRUCT(SessionInput, (), (jti))

struct LogoutAllOutput {
    bool ok = true;
    std::uint64_t revoked = 0;
};
BOOST_DESCRIBE_STRUCT(LogoutAllOutput, (), (ok, revoked))

/// Any thread.
class Sessions {
public:
    Sessions(Registry&, auth::Sessions&);

private:
    std::vector<SessionInfo> list(Call&) const;
    void revoke(Call&, const SessionInput&);
    LogoutAllOutput revokeAll(Call&);

    Host host_;
    auth::Sessions& sessions_;
};

} // namespace talome::api

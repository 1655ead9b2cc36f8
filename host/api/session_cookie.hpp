// The cookie that holds a browser's session token.
#pragma once

#include "host/gate/call.hpp"

#include <talome/call.hpp>

namespace talome::api {

/// Sets it (RFC 6265bis) in the answer of the call; 0 seconds take it away. One that came by HTTPS is sent back by
/// HTTPS only.
inline void setSessionCookie(Call& call, const std::string& token, std::int64_t seconds) {
    call.header("Set-Cookie", "talome_session=" + token + "; HttpOnly; SameSite=Lax; Path=/; Max-Age=" +
                                  std::to_string(seconds) + (call.raw()->secure ? "; Secure" : ""));
}

} // namespace talome::api

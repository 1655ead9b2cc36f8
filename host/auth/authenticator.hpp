// From a token to the principal that it stands for, with the rights that the user has at this moment.
#pragma once

#include "host/auth/api_tokens.hpp"
#include "host/auth/sessions.hpp"
#include "host/auth/users.hpp"
#include "host/gate/principal.hpp"

#include <functional>
#include <memory>
#include <string>

namespace talome::auth {

/// Any thread.
class Authenticator {
public:
    using Now = std::function<std::int64_t()>; ///< milliseconds since the epoch
    Authenticator(Users& users, Sessions& sessions, ApiTokens& tokens, Now now)
        : users_(users), sessions_(sessions), tokens_(tokens), now_(std::move(now)) {}

    /// Of a session's token or an API token. Never null: an empty, forged, expired or revoked token, or one of a user
    /// who is gone, makes an anonymous principal.
    std::shared_ptr<const gate::Principal> principal(const std::string& token, std::string peer,
                                                     std::string userAgent) const;

    /// The same caller with the rights of this moment; null if the session, the token or the user is gone. A stream
    /// that is open counts as use of its session, not of an API token.
    std::shared_ptr<const gate::Principal> refresh(const gate::Principal& was) const;

private:
    bool fill(gate::Principal&, const std::optional<Session>&) const;
    bool fill(gate::Principal&, const std::optional<ApiToken>&) const;
    bool fillUser(gate::Principal&, const std::string& userId) const;

    Users& users_;
    Sessions& sessions_;
    ApiTokens& tokens_;
    Now now_;
};

} // namespace talome::auth

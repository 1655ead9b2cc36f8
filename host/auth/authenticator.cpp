// From a token to the principal that it stands for.
#include "host/auth/authenticator.hpp"

namespace talome::auth {

std::shared_ptr<const gate::Principal> Authenticator::principal(const std::string& token, std::string peer,
                                                                std::string userAgent) const {
    auto principal = std::make_shared<gate::Principal>();
    principal->peer = std::move(peer);
    principal->userAgent = std::move(userAgent);
    if (token.empty()) return principal;
    if (ApiTokens::isOne(token))
        fill(*principal, tokens_.use(token, principal->peer, now_()));
    else
        fill(*principal, sessions_.use(token, now_()));
    return principal;
}

std::shared_ptr<const gate::Principal> Authenticator::refresh(const gate::Principal& was) const {
    auto principal = std::make_shared<gate::Principal>(was);
    switch (was.credential) {
    case gate::Credential::session:
        return fill(*principal, sessions_.useById(was.sessionId, now_())) ? principal : nullptr;
    case gate::Credential::token:
        return fill(*principal, tokens_.byId(was.sessionId, now_())) ? principal : nullptr;
    case gate::Credential::none:
    case gate::Credential::socket: // what the kernel says of a connection holds as long as that is open
    case gate::Credential::plugin: // its manager ends what it has
        return principal;
    }
    return nullptr;
}

bool Authenticator::fill(gate::Principal& principal, const std::optional<Session>& session) const {
    if (!session || !fillUser(principal, session->userId)) return false;
    principal.credential = gate::Credential::session;
    principal.sessionId = session->id;
    return true;
}

bool Authenticator::fill(gate::Principal& principal, const std::optional<ApiToken>& token) const {
    if (!token || !fillUser(principal, token->userId)) return false;
    principal.credential = gate::Credential::token;
    principal.sessionId = token->id;
    principal.origin = token->origin;
    principal.most = token->most;
    principal.groups = token->groups;
    return true;
}

bool Authenticator::fillUser(gate::Principal& principal, const std::string& userId) const {
    const auto user = users_.byId(userId);
    if (!user) return false;
    principal.authenticated = true;
    principal.userId = user->id;
    principal.username = user->username;
    principal.role = user->role;
    principal.flags = user->flags;
    principal.flagsMalformed = user->flagsMalformed;
    return true;
}

} // namespace talome::auth

// From a token to the principal that it stands for.
#include "host/auth/authenticator.hpp"

namespace talome::auth {

std::shared_ptr<const gate::Principal> Authenticator::principal(const std::string& token, std::string peer,
                                                                std::string userAgent) const {
    auto principal = std::make_shared<gate::Principal>();
    principal->peer = std::move(peer);
    principal->userAgent = std::move(userAgent);
    if (token.empty()) return principal;
    const auto session = sessions_.use(token, now_());
    if (!session) return principal;
    const auto user = users_.byId(session->userId);
    if (!user) return principal;
    fill(*principal, *user, *session);
    return principal;
}

std::shared_ptr<const gate::Principal> Authenticator::refresh(const gate::Principal& was) const {
    const auto session = sessions_.useById(was.sessionId, now_());
    const auto user = session ? users_.byId(session->userId) : nullptr;
    if (!user) return nullptr;
    auto principal = std::make_shared<gate::Principal>(was);
    fill(*principal, *user, *session);
    return principal;
}

void Authenticator::fill(gate::Principal& principal, const User& user, const Session& session) const {
    principal.authenticated = true;
    principal.userId = user.id;
    principal.username = user.username;
    principal.role = user.role;
    principal.flags = user.flags;
    principal.flagsMalformed = user.flagsMalformed;
    principal.credential = gate::Credential::session;
    principal.sessionId = session.id;
}

} // namespace talome::auth

#include "host/auth/socket_principal.hpp"

#include <pwd.h>
#include <unistd.h>
#include <vector>

namespace talome::auth {

namespace {

/// As the system's accounts have it; the number if they do not.
std::string accountName(uid_t uid) {
    std::vector<char> buffer(16384);
    passwd entry{};
    passwd* found = nullptr;
    const bool known = ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found;
    return known ? found->pw_name : std::to_string(uid);
}

/// An account that no person has: what runs under it besides the daemon are the daemon's own programs. Debian Policy 9.2.2.
bool isSystemAccount(uid_t uid) { return uid > 0 && uid < 1000; }

} // namespace

std::shared_ptr<const gate::Principal> socketPrincipal(uid_t uid, std::string peer, std::string userAgent) {
    auto principal = std::make_shared<gate::Principal>();
    principal->peer = std::move(peer);
    principal->userAgent = std::move(userAgent);
    const auto own = ::geteuid();
    if (uid != 0 && (uid != own || isSystemAccount(own))) return principal;
    // Asked once: where accounts come from a directory server, that can take its time.
    static const std::string rootName = accountName(0), ownName = accountName(own);
    principal->authenticated = true;
    principal->userId = "cli:" + std::to_string(uid);
    principal->username = "cli:" + (uid == 0 ? rootName : ownName);
    principal->role = "admin";
    principal->origin = gate::Origin::cli;
    principal->credential = gate::Credential::socket;
    return principal;
}

} // namespace talome::auth

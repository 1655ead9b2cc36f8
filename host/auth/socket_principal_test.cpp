#include "host/auth/socket_principal.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

using namespace talome;

TEST_CASE("root and the daemon's own user are administrators at the socket") {
    for (const uid_t uid : {uid_t{0}, ::geteuid()}) {
        if (uid > 0 && uid < 1000) continue; // nobody runs tests as a system account
        const auto caller = auth::socketPrincipal(uid, "unix", "talomectl");
        CHECK(caller->authenticated);
        CHECK(caller->userId == "cli:" + std::to_string(uid));
        CHECK(caller->username.starts_with("cli:"));
        CHECK(caller->origin == gate::Origin::cli);
        CHECK(caller->credential == gate::Credential::socket);
        CHECK(gate::isGranted(*caller, "admin,interactive", {}));
        CHECK(caller->peer == "unix");
        CHECK(caller->userAgent == "talomectl");
    }
    CHECK(auth::socketPrincipal(0, "", "")->username == "cli:root");
}

TEST_CASE("everybody else is nobody at the socket") {
    for (const uid_t uid : {::geteuid() + 1, uid_t{65534}, static_cast<uid_t>(-1)}) {
        const auto caller = auth::socketPrincipal(uid, "unix", "talomectl");
        CHECK_FALSE(caller->authenticated);
        CHECK(caller->credential == gate::Credential::none);
        CHECK(caller->userId.empty());
        CHECK(caller->role.empty());
        CHECK_FALSE(gate::isGranted(*caller, "session", {}));
    }
}

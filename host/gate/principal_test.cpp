#include "host/gate/principal.hpp"

#include <doctest/doctest.h>

using namespace talome::gate;

TEST_CASE("who may do what") {
    const Flags declared = {{"apps", true}, {"files", false}};
    Principal nobody, admin, member, odd;
    admin.authenticated = member.authenticated = odd.authenticated = true;
    admin.role = "admin";
    member.role = "member";

    CHECK(isGranted(nobody, "public", declared));
    CHECK_FALSE(isGranted(nobody, "session", declared));
    CHECK_FALSE(isGranted(nobody, "apps", declared));
    CHECK(isGranted(admin, "admin", declared));
    CHECK(isGranted(admin, "apps,files", declared));
    CHECK(isGranted(member, "session", declared));
    CHECK_FALSE(isGranted(member, "admin", declared));
    CHECK(isGranted(member, "apps", declared)); // by its declared default
    CHECK_FALSE(isGranted(member, "files", declared));
    CHECK_FALSE(isGranted(member, "apps,files", declared)); // all of them
    CHECK_FALSE(isGranted(member, "unknown", declared));
    CHECK_FALSE(isGranted(member, "", declared));
    CHECK_FALSE(isGranted(odd, "session", declared)); // no role: never a guess
    CHECK_FALSE(isGranted(odd, "apps", declared));

    member.flags = {{"apps", false}, {"files", true}};
    CHECK_FALSE(isGranted(member, "apps", declared));
    CHECK(isGranted(member, "files", declared));
    member.flagsMalformed = true;
    CHECK_FALSE(isGranted(member, "files", declared));
}

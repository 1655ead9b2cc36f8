#include "host/gate/security_mode.hpp"

#include <doctest/doctest.h>

using namespace talome::gate;
using talome::manifest::Tier;

namespace {

/// For read, modify and destructive: r(un), a(sk), or x (refused).
std::string verdicts(const char* mode, Origin origin, const char* role) {
    Principal caller;
    caller.authenticated = true;
    caller.origin = origin;
    caller.role = role;
    std::string text;
    for (const auto tier : {Tier::read, Tier::modify, Tier::destructive})
        text += "rax"[static_cast<int>(judge(modeOf(mode), caller, tier))];
    return text;
}

} // namespace

TEST_CASE("a person answers for what they do, in every mode") {
    for (const char* mode : {"permissive", "cautious", "locked"})
        for (const auto origin : {Origin::rest, Origin::cli, Origin::task, Origin::plugin})
            CHECK(verdicts(mode, origin, "member") == "rrr");
}

TEST_CASE("others are judged by mode, tier and whose helper they are") {
    for (const auto origin :
         {Origin::mcp, Origin::chat, Origin::automation, Origin::webhook, Origin::bot, Origin::agent}) {
        CHECK(verdicts("permissive", origin, "admin") == "rrr");
        CHECK(verdicts("permissive", origin, "member") == "rra");
        CHECK(verdicts("permissive", origin, "plugin") == "rra");
        CHECK(verdicts("cautious", origin, "admin") == "rra");
        CHECK(verdicts("cautious", origin, "member") == "raa");
        CHECK(verdicts("cautious", origin, "plugin") == "rra");
        CHECK(verdicts("locked", origin, "admin") == "rxx");
        CHECK(verdicts("locked", origin, "member") == "rxx");
    }
}

TEST_CASE("an unknown mode is the cautious one") {
    CHECK(verdicts("", Origin::mcp, "admin") == "rra");
    CHECK(verdicts("Permissive", Origin::mcp, "admin") == "rra");
    CHECK(nameOf(modeOf("locked")) == "locked");
}

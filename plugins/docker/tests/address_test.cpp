// Where the engine is looked for.
#include "engine/engine_address.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace talome::docker;

namespace {

EngineAddress find(std::map<std::string, std::string> variables, const std::string& setting = "") {
    return engineAddress(
        [&](const char* name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            if (found == variables.end()) return std::nullopt;
            return found->second;
        },
        setting);
}

} // namespace

TEST_CASE("environment, then setting, then the usual place") {
    CHECK(find({}).socket == "/var/run/docker.sock");
    CHECK(find({}, "/a.sock").socket == "/a.sock");
    CHECK(find({{"DOCKER_HOST", "unix:///b.sock"}}, "/a.sock").socket == "/b.sock");
    CHECK(find({{"DOCKER_HOST", "unix:///b.sock"}, {"DOCKER_SOCKET", "/c.sock"}}, "/a.sock").socket == "/c.sock");
    CHECK(find({{"DOCKER_SOCKET", ""}}, "/a.sock").socket == "/a.sock");
    CHECK(find({{"HOME", "/nonexistent"}}).socket == "/var/run/docker.sock");
}

TEST_CASE("an address that cannot be used says why") {
    CHECK(find({{"DOCKER_HOST", "tcp://10.0.0.1:2375"}}).problem ==
          "DOCKER_HOST is \"tcp://10.0.0.1:2375\": only a unix socket is understood");
    CHECK_FALSE(find({}, "relative.sock").problem.empty());
    CHECK_FALSE(find({}, "/" + std::string(200, 'x')).problem.empty());
}

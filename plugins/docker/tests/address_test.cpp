// Where the engine is looked for.
#include "engine/engine_address.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace talome::docker;

namespace {

EngineAddress find(std::map<std::string, std::string> variables, const std::string& setting = "",
                   const std::string& certPath = "") {
    return engineAddress(
        [&](const char* name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            if (found == variables.end()) return std::nullopt;
            return found->second;
        },
        {setting, certPath});
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
    CHECK(find({{"DOCKER_HOST", "ssh://10.0.0.1"}}).problem ==
          "DOCKER_HOST is \"ssh://10.0.0.1\": only unix:// and tcp:// are understood");
    for (const char* text : {"tcp://", "tcp://:2375", "tcp://a:x", "tcp://a:0", "tcp://a:99999", "tcp://[::1", "tcp://a@b", "tcp://a/b"}) {
        CAPTURE(text);
        CHECK_FALSE(find({{"DOCKER_HOST", text}}).problem.empty());
    }
    CHECK_FALSE(find({{"DOCKER_HOST", "tcp://a"}, {"DOCKER_CERT_PATH", "/nonexistent"}}).problem.empty());
    CHECK_FALSE(find({}, "relative.sock").problem.empty());
    CHECK_FALSE(find({}, "/" + std::string(200, 'x')).problem.empty());
}

TEST_CASE("TCP, with and without TLS") {
    const auto plain = find({{"DOCKER_HOST", "tcp://engine.lan"}});
    CHECK(plain.host == "engine.lan");
    CHECK(plain.port == 2375);
    CHECK(plain.base() == "http://engine.lan:2375");
    const auto secure = find({{"DOCKER_HOST", "tcp://10.0.0.1:1234/"}, {"DOCKER_TLS_VERIFY", "1"}});
    CHECK(secure.base() == "https://10.0.0.1:1234");
    CHECK(secure.caFile.empty());
    CHECK(find({{"DOCKER_TLS_VERIFY", "1"}}, "tcp://[fd00::1]").base() == "https://[fd00::1]:2376");
    CHECK(find({}).base() == "http://docker");
    CHECK(find({}, "/a.sock").text() == "/a.sock");
}

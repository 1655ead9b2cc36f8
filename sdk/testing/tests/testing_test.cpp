// talome/testing.hpp, on the template's plugin: it is the server's own path that a test goes.
#include <talome/testing.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using talome::testing::Host;

TEST_CASE("testing: a request is answered by the plugin") {
    Host host;
    const auto answer = host.get("/api/greeter/hello?name=Ann");
    CHECK(answer.status == 200);
    CHECK(answer.json.at("text") == "Hello, Ann");
    CHECK(answer.header("Content-Type") == "application/json; charset=utf-8");
    CHECK(host.get("/api/greeter/hello?name=Ann").json.at("count") == 2);
    CHECK(host.rows("SELECT name, count FROM greeted") ==
          boost::json::array{boost::json::object{{"name", "Ann"}, {"count", 2}}});
    CHECK(host.rows("SELECT 1 FROM greeted WHERE name = ?", {"Bob"}).empty());
}

TEST_CASE("testing: the gate is the server's") {
    Host host;
    const auto wrong = host.get("/api/greeter/hello?nmae=Ann");
    CHECK(wrong.status == 400);
    CHECK(wrong.json.at("details").at(0).at("path") == "nmae");
    CHECK(host.stranger().get("/api/greeter/hello?name=Ann").status == 401);
    CHECK(host.as("member").get("/api/greeter/hello?name=Ann").status == 200);
    CHECK(host.as("member").get("/api/plugins").status == 403);
    CHECK_THROWS_AS(host.as("member", {"no-such-flag"}), talome::Error);
    CHECK_FALSE(host.as("admin").userId() == host.userId());
}

TEST_CASE("testing: operations are called by their id") {
    Host host;
    CHECK(host.call("greeter.hello", {{"name", "Ann"}}).at("text") == "Hello, Ann");
    CHECK(host.through("mcp").call("greeter.hello", {{"name", "Ann"}}).at("count") == 2);
    CHECK_THROWS_WITH_AS(host.call("greeter.hello", {{"name", ""}}), doctest::Contains("name"), talome::Invalid);
    CHECK_THROWS_AS(host.call("greeter.absent"), talome::NotFound);
    CHECK_THROWS_AS(host.stranger().call("greeter.hello", {{"name", "Ann"}}), talome::Unauthenticated);
}

TEST_CASE("testing: settings are stored and refused as by an administrator") {
    Host host;
    host.setSetting("greeter_word", "Hi");
    CHECK(host.get("/api/greeter/hello?name=Ann").json.at("text") == "Hi, Ann");
    CHECK_THROWS_AS(host.setSetting("greeter_word", std::string(41, 'x').c_str()), talome::Invalid);
    host.setSetting("greeter_word", nullptr);
    CHECK(host.get("/api/greeter/hello?name=Ann").json.at("text") == "Hello, Ann");
    const auto events = host.events("settings.");
    REQUIRE(events.size() == 2);
    CHECK(events[0].json.at("keys").at(0) == "greeter_word");
}

TEST_CASE("testing: the clock stands still until it is moved") {
    Host host({.now = std::chrono::sys_days(std::chrono::year(2030) / 1 / 1)});
    CHECK(host.nowMs() == 1'893'456'000'000);
    host.advance(36h);
    CHECK(host.nowMs() == 1'893'456'000'000 + 36 * 3'600'000);
    CHECK(host.get("/api/greeter/hello?name=Ann").status == 200); // though a session would have ended
}

TEST_CASE("testing: data outlives a restart") {
    Host host;
    host.get("/api/greeter/hello?name=Ann");
    const auto member = host.as("member");
    host.restart();
    CHECK(member.get("/api/greeter/hello?name=Ann").json.at("count") == 2);
}

TEST_CASE("testing: a plugin that does not start says why") {
    CHECK_THROWS_WITH(Host("/nowhere/absent.so"), "/nowhere/absent.so is missing");
}

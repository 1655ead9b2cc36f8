// The plugin in a real host, in the test's own process: its route, setting, database and task.
#include <talome/testing.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;

TEST_CASE("greets, and counts how often") {
    talome::testing::Host host;
    CHECK(host.get("/api/greeter/hello?name=Ann").json == boost::json::value{{"text", "Hello, Ann"}, {"count", 1}});
    host.setSetting("greeter_word", "Hi");
    CHECK(host.call("greeter.hello", {{"name", "Ann"}}).at("text") == "Hi, Ann");
    host.restart();
    CHECK(host.get("/api/greeter/hello?name=Ann").json.at("count") == 3);
    CHECK(host.rows("SELECT * FROM greeted").size() == 1);
}

TEST_CASE("greets nobody without a name, and no stranger") {
    talome::testing::Host host;
    CHECK(host.get("/api/greeter/hello").status == 400);
    CHECK(host.get("/api/greeter/hello?name=Ann&nmae=Bob").json.at("details").at(0).at("path") == "nmae");
    CHECK(host.stranger().get("/api/greeter/hello?name=Ann").status == 401);
}

TEST_CASE("reports once an hour") {
    talome::testing::Host host;
    host.advance(61min); // whatever the task does has been done, or the test fails
}

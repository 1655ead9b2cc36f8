#include <talome/testing.hpp>

#include <doctest/doctest.h>

TEST_CASE("programs run in the SDK's host, as they do in a server") {
    talome::testing::Host host;
    CHECK(host.get("/api/lister/copy?text=hello").json == boost::json::value{{"text", "hello"}, {"written", false}});
}

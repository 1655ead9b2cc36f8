// Routes, what wins, and what a path may not be.
#include "host/http/router.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using talome::http::Router;
using Outcome = Router<int>::Outcome;

namespace {

Router<int> sample() {
    Router<int> router;
    router.add("GET", "/", 0);
    router.add("GET", "/api/containers", 1);
    router.add("GET", "/api/containers/{id}", 2);
    router.add("DELETE", "/api/containers/{name}", 3);
    router.add("GET", "/api/containers/networks", 4);
    router.add("POST", "/api/containers/networks", 5);
    router.add("GET", "/api/containers/{id}/logs", 6);
    router.add("GET", "/api/containers/networks/{net}/x", 7);
    router.add("GET", "/api/{group}/{id}/logs", 8);
    return router;
}

} // namespace

TEST_CASE("router: literals, parameters and methods") {
    auto router = sample();
    auto value = [&](const char* method, const char* path) {
        auto match = router.match(method, path);
        return match.value ? *match.value : -1;
    };
    CHECK(value("GET", "/") == 0);
    CHECK(value("GET", "/api/containers") == 1);
    CHECK(value("HEAD", "/api/containers") == 1);
    CHECK(value("GET", "/api/containers/abc") == 2);
    CHECK(value("DELETE", "/api/containers/abc") == 3);
    CHECK(value("GET", "/api/containers/networks") == 4);
    CHECK(value("DELETE", "/api/containers/networks") == 3);
    CHECK(value("GET", "/api/containers/abc/logs") == 6);
    CHECK(value("GET", "/api/containers/networks/logs") == 6); // the literal leads nowhere
    CHECK(value("GET", "/api/apps/abc/logs") == 8);
    CHECK(value("GET", "/%61pi/containers") == 1);
    for (auto path : {"", "*", "/api", "/api/containers/", "//", "/api//containers", "/api/containers/a/b", "api"})
        CHECK_MESSAGE(router.match("GET", path).outcome == Outcome::notFound, path);
}

TEST_CASE("router: a parameter is decoded after the path was split") {
    auto router = sample();
    auto match = router.match("GET", "/api/containers/..%2Fimages/logs");
    REQUIRE(match.outcome == Outcome::found);
    REQUIRE(match.params.size() == 1);
    CHECK(match.params[0].first == "id");
    CHECK(match.params[0].second == "../images");
    match = router.match("DELETE", "/api/containers/a+b%20c");
    CHECK(match.params[0].first == "name");
    CHECK(match.params[0].second == "a+b c");
    for (auto path : {"/api/containers/%", "/api/containers/%2", "/api/containers/%zz", "/api/containers/%00",
                      "/api/containers/%ff", "/api/containers/%c0%af", "/api/containers/%ed%a0%80"})
        CHECK_MESSAGE(router.match("GET", path).outcome == Outcome::bad, path);
}

TEST_CASE("router: another method of a known path") {
    auto router = sample();
    auto match = router.match("PUT", "/api/containers/networks");
    CHECK(match.outcome == Outcome::methodNotAllowed);
    CHECK(match.allow == std::vector<std::string>{"DELETE", "GET", "HEAD", "POST"});
    CHECK(router.match("PUT", "/api/nothing").outcome == Outcome::notFound);
}

TEST_CASE("router: what cannot be added") {
    auto router = sample();
    CHECK_THROWS_AS(router.add("GET", "/api/containers", 9), std::invalid_argument);
    CHECK_THROWS_AS(router.add("GET", "/api/containers/{other}", 9), std::invalid_argument);
    CHECK_THROWS_AS(router.add("GET", "/a/{x}/{x}", 9), std::invalid_argument);
    for (auto pattern : {"", "a", "/a/", "//a", "/a{b}", "/{}", "/{a", "/a b", "/a?b", "/a%20"})
        CHECK_THROWS_AS(router.add("GET", pattern, 9), std::invalid_argument);
    CHECK_THROWS_AS(router.add("", "/a", 9), std::invalid_argument);
    CHECK(*router.match("GET", "/api/containers").value == 1);
}

TEST_CASE("router: maybe you meant") {
    auto router = sample();
    CHECK(router.suggest("/api/contaners") == "/api/containers");
    CHECK(router.suggest("/api/containers/") == "/api/containers");
    CHECK(router.suggest("/api/containers/abc/log") == "/api/containers/{id}/logs");
    CHECK(router.suggest("/something/else") == "");
    CHECK(router.suggest("/" + std::string(5000, 'a')) == "");
}

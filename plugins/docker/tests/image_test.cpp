// Names of images, what the engine tells of a pull, and what a registry answers to strangers.
#include "images/auth_challenge.hpp"
#include "images/image_reference.hpp"
#include "images/pull_progress.hpp"

#include <doctest/doctest.h>

#include <talome/errors.hpp>

using namespace talome::docker;

TEST_CASE("names of images") {
    struct Row {
        const char *text, *registry, *path, *tag, *repository;
    };
    for (const Row& row : {Row{"busybox", "docker.io", "library/busybox", "latest", "busybox"},
                           Row{"a/b:1.2", "docker.io", "a/b", "1.2", "a/b"},
                           Row{"docker.io/library/busybox:1", "docker.io", "library/busybox", "1", "busybox"},
                           Row{"index.docker.io/x/y", "docker.io", "x/y", "latest", "x/y"},
                           Row{"ghcr.io/a/b/c:v1", "ghcr.io", "a/b/c", "v1", "ghcr.io/a/b/c"},
                           Row{"127.0.0.1:5000/x", "127.0.0.1:5000", "x", "latest", "127.0.0.1:5000/x"},
                           Row{"localhost/x__y", "localhost", "x__y", "latest", "localhost/x__y"}}) {
        CAPTURE(row.text);
        const auto image = parseImage(row.text);
        CHECK(image.registry == row.registry);
        CHECK(image.path == row.path);
        CHECK(image.tag == row.tag);
        CHECK(image.repository() == row.repository);
    }
    const std::string digest = "sha256:" + std::string(64, 'a');
    CHECK(parseImage("a/b@" + digest).text() == "a/b@" + digest);
    CHECK(parseImage("b:1@" + digest).text() == "b:1@" + digest);
}

TEST_CASE("what names no image") {
    for (const char* text : {"", "A", "a b", "a:", ":a", "a/", "/a", "a//b", "a/../b", "..", "a@sha256:12", "a@b", "-a", "a-",
                             "a___b", "a..b", "a:b:c", "a:-x", "x.y:port/a", "x.y:123456/a", "http://a/b", "a%2fb", ".x/a",
                             "a\nb", "--help"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parseImage(text), talome::Invalid);
    }
}

TEST_CASE("a pull, layer by layer") {
    PullProgress progress;
    CHECK(progress.phase() == "prepare");
    progress.line(R"({"status":"Pulling from library/x","id":"latest"})");
    progress.line(R"({"status":"Pulling fs layer","progressDetail":{},"id":"a"})");
    progress.line(R"({"status":"Already exists","progressDetail":{},"id":"b"})");
    progress.line(R"({"status":"Downloading","progressDetail":{"current":25,"total":100},"progress":"[=>]","id":"a"})");
    CHECK(progress.phase() == "download");
    CHECK(progress.done() == 25);
    CHECK(progress.total() == 100);
    CHECK(progress.message() == "1 of 2 layers");
    progress.line(R"({"status":"Download complete","progressDetail":{},"id":"a"})");
    CHECK(progress.phase() == "extract");
    CHECK(progress.done() == 100);
    progress.line(R"({"status":"Extracting","progressDetail":{"current":3,"total":100},"id":"a"})");
    CHECK(progress.done() == 100);
    progress.line(R"({"status":"Pull complete","progressDetail":{},"id":"a"})");
    progress.line(R"({"status":"Digest: sha256:1"})");
    progress.line(R"({"status":"Status: Downloaded newer image for x"})");
    CHECK(progress.phase() == "done");
    CHECK_FALSE(progress.upToDate());
    progress.line(R"({"status":"Status: Image is up to date for x"})");
    CHECK(progress.upToDate());
}

TEST_CASE("what a pull fails with") {
    const auto failing = [](const std::string& words) {
        PullProgress().line(R"({"errorDetail":{"message":")" + words + R"("},"error":"x"})");
    };
    CHECK_THROWS_AS(failing("manifest unknown"), talome::NotFound);
    CHECK_THROWS_AS(failing("pull access denied for x"), talome::Denied);
    CHECK_THROWS_AS(failing("toomanyrequests: slow down"), talome::Limited);
    CHECK_THROWS_AS(failing("connection reset"), talome::BadUpstream);
    CHECK_THROWS_AS(PullProgress().line(R"({"error":"bad"})"), talome::BadUpstream);
    CHECK_THROWS_AS(PullProgress().line("{"), talome::BadUpstream);
}

TEST_CASE("challenges") {
    const auto bearer = parseChallenge(R"(Bearer realm="https://auth.x/token",service="reg.x", scope="repository:a/b:pull")");
    REQUIRE(bearer);
    CHECK(bearer->scheme == "bearer");
    CHECK(bearer->parameters.at("realm") == "https://auth.x/token");
    CHECK(bearer->parameters.at("service") == "reg.x");
    CHECK(bearer->parameters.at("scope") == "repository:a/b:pull");
    CHECK(parseChallenge("BASIC realm=x")->scheme == "basic");
    CHECK(parseChallenge(R"(Basic realm="a\"b")")->parameters.at("realm") == "a\"b");
    CHECK(parseChallenge("Negotiate")->scheme == "negotiate");
    CHECK_FALSE(parseChallenge(""));
    CHECK(parseChallenge(R"(Bearer realm=")")->parameters.at("realm").empty());
    CHECK(windowSeconds("0;w=21600") == 21600);
    CHECK(windowSeconds("0") == 0);
    CHECK(windowSeconds("0;w=-5") == 0);
}

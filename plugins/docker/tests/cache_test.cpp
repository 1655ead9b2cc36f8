// The container that the API shows, how one is named, and what a change leaves.
#include "containers/container_cache.hpp"

#include <talome/errors.hpp>

#include <doctest/doctest.h>

using namespace talome::docker;

namespace {

ContainerRecord record(const std::string& id, const std::string& name, const std::string& state = "running",
                       std::int64_t created = 0) {
    engine::ListedContainer listed;
    listed.Id = id + std::string(64 - id.size(), '0');
    listed.Names = {"/" + name};
    listed.Image = "busybox";
    listed.State = state;
    listed.Created = created;
    return containerRecord(listed);
}

std::string fullId(const std::string& start) { return start + std::string(64 - start.size(), '0'); }

std::vector<std::string> names(const ContainerCache& cache) {
    std::vector<std::string> result;
    const auto snapshot = cache.snapshot();
    for (const auto& each : snapshot->containers) result.push_back(each->shown.name);
    return result;
}

using Names = std::vector<std::string>;

} // namespace

TEST_CASE("the engine's entry as the API shows it") {
    const auto listed = talome::readText<engine::ListedContainer>(
        R"({"Id":"320c0483be460a7ba276fe719d42ed76cc81a806043b1c52d2fa423662b55af7","Names":["/other/alias","/web"],)"
        R"("Image":"busybox","Created":1700000000,"Labels":{"a":"b"},"State":"removing","HostConfig":{"NetworkMode":"host"},)"
        R"("Ports":[{"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"PrivatePort":443,"Type":"tcp"},)"
        R"({"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"PrivatePort":53,"PublicPort":53,"Type":"udp"}]})");
    const auto shown = containerRecord(listed);
    CHECK(shown.json ==
          R"({"id":"320c0483be46","name":"web","image":"busybox","status":"stopped",)"
          R"("ports":[{"host":53,"container":53,"protocol":"udp"},{"host":8080,"container":80,"protocol":"tcp"}],)"
          R"("created":"2023-11-14T22:13:20Z","labels":{"a":"b"},)"
          R"("open":{"scheme":"http","port":8080,"path":"/"})");
    CHECK_FALSE(shown.ownNetwork);
    const auto bare = containerRecord(talome::readText<engine::ListedContainer>(
        R"({"Id":"320c0483be460a7b","Names":null,"Image":"x","Created":0,"Ports":null,"Labels":null,"State":"paused"})"));
    CHECK(bare.shown.name == "320c0483be46");
    CHECK(bare.running());
}

TEST_CASE("a container is named by id, start of an id, or name") {
    ContainerCache cache("not asked yet");
    CHECK_THROWS_AS(cache.snapshot()->resolve("web"), talome::Unavailable);
    cache.replace({record("abc1", "web"), record("abc2", "db"), record("ffff", "abc")}, "20.10");
    const auto snapshot = cache.snapshot();
    CHECK(snapshot->resolve("web")->id == fullId("abc1"));
    CHECK(snapshot->resolve(fullId("abc2"))->shown.name == "db");
    CHECK(snapshot->resolve("abc10000")->shown.name == "web");
    CHECK(snapshot->resolve("abc")->shown.name == "abc"); // a name goes before the start of an id
    CHECK_THROWS_WITH_AS(snapshot->resolve("ab"), "\"ab\" is the start of the ids of several containers: db, web",
                         talome::Conflict);
    CHECK_THROWS_AS(snapshot->resolve("nope"), talome::NotFound);
}

TEST_CASE("changes are applied, and readers keep what they have") {
    ContainerCache cache("not asked yet");
    cache.replace({record("a", "one", "running", 1), record("b", "two", "running", 2)}, "20.10");
    const auto before = cache.snapshot();
    CHECK(names(cache) == Names{"two", "one"});
    cache.setPids({{fullId("a"), 77}, {fullId("z"), 1}});
    CHECK(cache.snapshot()->find(fullId("a"))->pid == 77);

    cache.update({fullId("a"), fullId("b"), fullId("c")},
                 {record("a", "renamed", "running", 1), record("c", "new", "created", 3)});
    CHECK(names(cache) == Names{"new", "renamed"});
    CHECK(cache.snapshot()->find(fullId("a"))->pid == 77); // until the next inspection
    cache.update({fullId("a")}, {record("a", "renamed", "exited", 1)});
    CHECK(cache.snapshot()->find(fullId("a"))->pid == 0);
    CHECK(before->containers.size() == 2);
    CHECK(before->find(fullId("a"))->shown.name == "one");
}

TEST_CASE("without the engine there is no list, and an old answer does not bring one back") {
    ContainerCache cache("not asked yet");
    cache.replace({record("a", "one")}, "20.10");
    cache.down("it is gone");
    CHECK_THROWS_WITH_AS(cache.trueSnapshot(), "it is gone", talome::Unavailable);
    cache.update({fullId("a")}, {record("a", "one")});
    CHECK_THROWS_AS(cache.trueSnapshot(), talome::Unavailable);
    cache.replace({record("a", "one")}, "20.10");
    CHECK(cache.trueSnapshot()->version == "20.10");
}

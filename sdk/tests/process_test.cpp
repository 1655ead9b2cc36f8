// Programs through the C++ layer.
#include "../manifest/recorder.hpp"
#include "fake_host.hpp"

#include <talome/process.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;

namespace {

struct Runs : talome::Plugin {
    explicit Runs(talome::Registry& registry) : host(registry.host()), processes(host) {
        registry.program("cat", "Copies");
    }
    talome::Host host;
    talome::Processes processes;
};

struct World {
    FakeHost fake;
    talome::detail::Instance<Runs> instance{fake.host(), fake.self()};
    World() { instance.registry.publish(); }
    Runs& plugin() { return instance.plugin; }
};

} // namespace

TEST_CASE("a program is declared, run, and its result read") {
    World world;
    CHECK(world.fake.wire == "program cat; ");
    const auto done = talome::run(world.plugin().host, nullptr,
                                  {.argv = {"cat", "-"}, .timeLimit = 2s, .network = false, .readOnly = true});
    CHECK(world.fake.sent == std::vector<std::string>{"run - 3 2000"});
    CHECK(done.output == "one two");
    CHECK(done.errors == "oh");
    CHECK(done.exitCode == 3);
    CHECK(done.endedBy == talome::EndedBy::cpu);
    CHECK_FALSE(done.outputCut);
    CHECK(done.errorsCut);
    CHECK(done.cpu == 7ms);
    CHECK_FALSE(done.ok());
    world.fake.wireStatus = TALOME_E_UNSUPPORTED;
    CHECK_THROWS_AS(talome::run(world.plugin().host, nullptr, {.argv = {"cat"}}), talome::Unsupported);
}

TEST_CASE("a program that goes on is heard until its end, and not beyond its handle") {
    World world;
    auto& fake = world.fake;
    std::string heard;
    const talome::ProcessCalls calls{
        .onOutput = [&](std::string_view piece) { heard += piece; },
        .onErrors = [&](std::string_view piece) { heard += "!" + std::string(piece); },
        .onExited = [&](const talome::ProcessResult& result) { heard += "=" + std::to_string(result.exitCode); }};
    auto process = world.plugin().processes.spawn({.argv = {"cat"}}, calls);
    const auto first = fake.program;
    CHECK(process.write("x"));
    fake.wireStatus = TALOME_E_LIMITED;
    CHECK_FALSE(process.write("y"));
    fake.wireStatus = TALOME_E_GONE;
    CHECK_THROWS_AS(process.write("z"), talome::Gone);
    CHECK_THROWS_AS(world.plugin().processes.spawn({.argv = {"cat"}}, calls), talome::Gone);
    fake.wireStatus = TALOME_OK;
    first.output(first.user, 5, TALOME_STDOUT, talome::bytes("a"));
    first.output(first.user, 5, TALOME_STDERR, talome::bytes("b"));
    talome_process_result result{};
    result.struct_size = sizeof result;
    first.exited(first.user, 5, &result);
    CHECK(heard == "a!b=0");

    auto other = world.plugin().processes.spawn({.argv = {"cat"}}, calls); // in the slot of the first
    CHECK(fake.program.user == first.user);
    process = {}; // does not silence it
    fake.program.output(fake.program.user, 5, TALOME_STDOUT, talome::bytes("c"));
    CHECK(heard == "a!b=0c");
    other = {};
    fake.program.output(fake.program.user, 5, TALOME_STDOUT, talome::bytes("d"));
    fake.program.exited(fake.program.user, 5, &result);
    CHECK(heard == "a!b=0c");
    CHECK(fake.sent.back() == "end 5");
}

TEST_CASE("which programs can be named") {
    using talome::manifest::recordProgram;
    for (const char* name : {"cat", "g++", "/usr/bin/python3.11", "/a/b_c/d-e"})
        CHECK(recordProgram(name, "Is").name == name);
    for (const char* name : {"", "-rf", "a b", "../cat", "a/b", "/", "/a//b", "/a/../b", "/a/", "..", "a;b", "a\n"})
        CHECK_THROWS_AS(recordProgram(name, "Is"), talome::Invalid);
    CHECK_THROWS_AS(recordProgram(nullptr, "Is"), talome::Invalid);
    CHECK_THROWS_AS(recordProgram("cat", ""), talome::Invalid);
}

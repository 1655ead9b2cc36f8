// The engine's event lines, and what others are told of them.
#include "engine/engine_event.hpp"

#include <talome/errors.hpp>

#include <doctest/doctest.h>

using namespace talome::docker;

namespace {

std::string line(const std::string& action, const std::string& attributes = "", std::int64_t seconds = 1) {
    return R"({"Type":"container","Action":")" + action + R"(","Actor":{"ID":")" + std::string(64, 'a') +
           R"(","Attributes":{"image":"busybox","name":"web")" + (attributes.empty() ? "" : "," + attributes) +
           R"(}},"scope":"local","timeNano":)" + std::to_string(seconds * 1'000'000'000) + "}";
}

// The topics that the events lead to.
std::vector<std::string> topics(const std::vector<std::string>& lines) {
    EventTranslator translator;
    std::vector<std::string> told;
    for (const std::string& each : lines) {
        if (const auto announcement = translator.translate(*parseEngineEvent(each))) {
            told.push_back(announcement->topic + " " + announcement->event.reason.value_or(""));
        }
    }
    return told;
}

using Topics = std::vector<std::string>;

} // namespace

TEST_CASE("a line is read") {
    const auto event = parseEngineEvent(line("health_status: unhealthy"));
    REQUIRE(event);
    CHECK(event->action == "health_status");
    CHECK(event->detail == "unhealthy");
    CHECK(event->name == "web");
    CHECK(parseEngineEvent(line("die", R"("exitCode":"137")"))->exitCode == 137);
    CHECK(parseEngineEvent(line("rename", R"("oldName":"/old")"))->oldName == "old");
    CHECK_FALSE(
        parseEngineEvent(R"({"Type":"network","Action":"connect","Actor":{"ID":"x","Attributes":{}},"timeNano":1})"));
    CHECK_THROWS_AS(parseEngineEvent("{"), talome::Invalid);
    CHECK_THROWS_AS(parseEngineEvent(R"({"Action":1})"), talome::Invalid);
}

TEST_CASE("a stop that was asked for is told apart from an end by itself") {
    const std::string term = line("kill", R"("signal":"15")"), hup = line("kill", R"("signal":"1")");
    const std::string died = line("die", R"("exitCode":"1")", 2), finished = line("die", R"("exitCode":"0")", 2);
    CHECK(topics({term, died, line("stop")}) == Topics{"container.stopped asked"});
    CHECK(topics({died}) == Topics{"container.died failed"});
    CHECK(topics({finished}) == Topics{"container.died finished"});
    CHECK(topics({hup, died}) == Topics{"container.died failed"});
    CHECK(topics({term, line("die", R"("exitCode":"1")", 3600)}) == Topics{"container.died failed"});
    CHECK(topics({line("oom"), line("kill", R"("signal":"9")"), died}) ==
          Topics{"container.oom ", "container.died oom"});
    // What was killed then was another process than its first.
    CHECK(topics({line("oom"), line("kill", R"("signal":"15")", 3600), line("die", R"("exitCode":"0")", 3601)}) ==
          Topics{"container.oom ", "container.stopped asked"});
    CHECK(topics({term, died, line("start"), died}) ==
          Topics{"container.stopped asked", "container.started ", "container.died failed"});
}

TEST_CASE("an image may want another signal for a stop") {
    CHECK(signalNumber("SIGWINCH") == 28);
    CHECK(signalNumber("USR1") == 10);
    CHECK(signalNumber("SIGRTMIN+3") == 37);
    CHECK(signalNumber("RTMAX-1") == 63);
    CHECK(signalNumber("15") == 15);
    for (const char* none : {"", "SIG", "NONE", "RTMIN+", "-1", "1x"}) CHECK_FALSE(signalNumber(none));
    const auto reason = [](std::optional<int> stopSignal) {
        EventTranslator translator;
        translator.translate(*parseEngineEvent(line("kill", R"("signal":"28")")), stopSignal);
        return translator.translate(*parseEngineEvent(line("die", R"("exitCode":"0")", 2)), stopSignal)->event.reason;
    };
    CHECK(reason(28) == "asked");
    CHECK(reason({}) == "finished");
}

TEST_CASE("the other events") {
    CHECK(topics({line("create"), line("start"), line("pause"), line("unpause"), line("destroy")}) ==
          Topics{"container.created ", "container.started ", "container.paused ", "container.unpaused ",
                 "container.removed "});
    CHECK(topics({line("exec_start: sh"), line("restart"), line("attach")}).empty());
    EventTranslator translator;
    CHECK(translator.translate(*parseEngineEvent(line("health_status: healthy")))->event.health == "healthy");
    CHECK(translator.translate(*parseEngineEvent(line("rename", R"("oldName":"/old")")))->event.oldName == "old");
    CHECK(translator.translate(*parseEngineEvent(line("start")))->event.id == "aaaaaaaaaaaa");
}

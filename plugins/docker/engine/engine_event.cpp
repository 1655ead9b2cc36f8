// A stop is: kill (with the signal), die (with the exit code), stop. A crash is: die alone. `docker kill` with a signal
// that programs take as an order (HUP, USR1 …) is no request to end.
#include "engine/engine_event.hpp"

#include "engine/engine_types.hpp"

#include <charconv>

namespace talome::docker {

namespace {

constexpr std::int64_t kAskedCounts = std::int64_t{660} * 1'000'000'000; // the longest stop time, and a little

std::optional<int> number(const std::map<std::string, std::string>& from, const char* key) {
    const auto found = from.find(key);
    if (found == from.end()) return std::nullopt;
    int value = 0;
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    return value;
}

std::string text(const std::map<std::string, std::string>& from, const char* key) {
    const auto found = from.find(key);
    return found == from.end() ? std::string() : found->second;
}

bool endsAProcess(int signal) { return signal == 2 || signal == 3 || signal == 6 || signal == 9 || signal == 15; }

struct Topic {
    std::string_view action, topic;
};
constexpr Topic kTopics[] = {
    {"create", "container.created"},   {"start", "container.started"},        {"pause", "container.paused"},
    {"unpause", "container.unpaused"}, {"rename", "container.renamed"},       {"update", "container.updated"},
    {"oom", "container.oom"},          {"health_status", "container.health"}, {"destroy", "container.removed"},
};

} // namespace

std::optional<EngineEvent> parseEngineEvent(std::string_view line) {
    const auto from = talome::readText<engine::Event>(line);
    if (from.Type.value_or("container") != "container" || from.Actor_.ID.empty()) return std::nullopt;
    const auto attributes = from.Actor_.Attributes.value_or(std::map<std::string, std::string>{});
    EngineEvent event;
    const auto colon = from.Action.find(": ");
    event.action = from.Action.substr(0, colon);
    if (colon != std::string::npos) event.detail = from.Action.substr(colon + 2);
    event.id = from.Actor_.ID;
    event.name = text(attributes, "name");
    event.image = text(attributes, "image");
    event.exitCode = number(attributes, "exitCode");
    event.signal = number(attributes, "signal");
    event.oldName = text(attributes, "oldName");
    if (event.oldName.starts_with('/')) event.oldName.erase(0, 1);
    event.timeNano = from.timeNano;
    event.passing = text(attributes, "talome.passing") == "true";
    return event;
}

std::optional<Announcement> EventTranslator::translate(const EngineEvent& event) {
    Announcement told{"",
                      {event.id.substr(0, 12), event.name, event.image, event.timeNano / 1'000'000, {}, {}, {}, {}}};
    if (event.passing) return std::nullopt;
    if (event.action == "kill") {
        if (endsAProcess(event.signal.value_or(0))) signs_[event.id].askedToEnd = event.timeNano;
        return std::nullopt;
    }
    if (event.action == "die") {
        const Signs signs = signs_[event.id];
        signs_.erase(event.id);
        const bool asked = !signs.oom && signs.askedToEnd != 0 && event.timeNano - signs.askedToEnd < kAskedCounts;
        told.topic = asked ? "container.stopped" : "container.died";
        told.event.exitCode = event.exitCode;
        told.event.reason = signs.oom ? "oom" : asked ? "asked" : event.exitCode == 0 ? "finished" : "failed";
        return told;
    }
    if (event.action == "oom") signs_[event.id].oom = true;
    if (event.action == "start" || event.action == "destroy") signs_.erase(event.id);
    if (event.action == "health_status") told.event.health = event.detail;
    if (event.action == "rename") told.event.oldName = event.oldName;
    for (const Topic& entry : kTopics) {
        if (entry.action != event.action) continue;
        told.topic = entry.topic;
        return told;
    }
    return std::nullopt;
}

} // namespace talome::docker

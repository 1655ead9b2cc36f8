// A stop is: kill (with the signal), die (with the exit code), stop. A crash is: die alone. `docker kill` with a signal
// that programs take as an order (HUP, USR1 …) is no request to end.
#include "engine/engine_event.hpp"

#include "engine/engine_types.hpp"

#include <charconv>
#include <cstring>

namespace talome::docker {

namespace {

constexpr std::int64_t kAskedCounts = std::int64_t{660} * 1'000'000'000; // the longest stop time, and a little
constexpr std::int64_t kOomCounts = std::int64_t{10} * 1'000'000'000; // it may have killed another process than the first

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

std::optional<int> signalNumber(std::string_view name) {
    const auto isNumber = [](std::string_view text, int& value) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        return error == std::errc{} && end == text.data() + text.size() && value >= 0;
    };
    int value = 0;
    if (isNumber(name, value)) return value;
    if (name.starts_with("SIG")) name.remove_prefix(3);
    constexpr int kFirst = 34, kLast = 64; // of the real-time signals, as the engine numbers them
    if (name == "RTMIN") return kFirst;
    if (name == "RTMAX") return kLast;
    if (name.starts_with("RTMIN+") && isNumber(name.substr(6), value)) return kFirst + value;
    if (name.starts_with("RTMAX-") && isNumber(name.substr(6), value)) return kLast - value;
    for (int signal = 1; signal < 32; ++signal)
        if (const char* known = ::sigabbrev_np(signal); known && name == known) return signal;
    return std::nullopt;
}

std::optional<Announcement> EventTranslator::translate(const EngineEvent& event, std::optional<int> stopSignal) {
    Announcement told{"",
                      {event.id.substr(0, 12), event.name, event.image, event.timeNano / 1'000'000, {}, {}, {}, {}}};
    if (event.passing) return std::nullopt;
    if (event.action == "kill") {
        if (event.signal && (endsAProcess(*event.signal) || event.signal == stopSignal)) signs_[event.id].askedToEnd = event.timeNano;
        return std::nullopt;
    }
    if (event.action == "die") {
        const Signs signs = signs_[event.id];
        signs_.erase(event.id);
        const bool oom = signs.oom != 0 && event.timeNano - signs.oom < kOomCounts;
        const bool asked = !oom && signs.askedToEnd != 0 && event.timeNano - signs.askedToEnd < kAskedCounts;
        told.topic = asked ? "container.stopped" : "container.died";
        told.event.exitCode = event.exitCode;
        told.event.reason = oom ? "oom" : asked ? "asked" : event.exitCode == 0 ? "finished" : "failed";
        return told;
    }
    if (event.action == "oom") signs_[event.id].oom = event.timeNano;
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

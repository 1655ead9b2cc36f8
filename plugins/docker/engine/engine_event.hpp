// The engine's events about containers, and what is made of them: which container to look at again, and what to tell
// others. Pure.
#pragma once

#include <talome/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace talome::docker {

// One line of the engine's event stream.
struct EngineEvent {
    std::string action; // "start", "die", "health_status"
    std::string detail; // "healthy" of "health_status: healthy"
    std::string id;
    std::string name, image;
    std::optional<int> exitCode, signal;
    std::string oldName;
    std::int64_t timeNano = 0;
    bool passing = false; // Talome's own, for a moment: nobody is told of it
};
// Nothing if it is not about a container. Throws Invalid if it is not such a line at all.
std::optional<EngineEvent> parseEngineEvent(std::string_view line);

// What subscribers of container.* get.
struct ContainerEvent {
    std::string id; // 12 hexadecimal digits
    std::string name, image;
    std::int64_t timeMs = 0;            // since the Unix epoch, by the engine's clock
    std::optional<int> exitCode;        // stopped, died
    std::optional<std::string> reason;  // died: "finished" (0), "failed", "oom"; stopped: "asked"
    std::optional<std::string> health;  // health: "starting", "healthy", "unhealthy"
    std::optional<std::string> oldName; // renamed
};
BOOST_DESCRIBE_STRUCT(ContainerEvent, (), (id, name, image, timeMs, exitCode, reason, health, oldName))

// Of a name as in an image's StopSignal: "SIGWINCH", "WINCH", "RTMIN+3", "28". Nothing if there is no such signal.
std::optional<int> signalNumber(std::string_view name);

struct Announcement {
    std::string topic; // "container.died"
    ContainerEvent event;
};

// Knows a stop that was asked for from an end by itself: the engine tells of the signal before it tells of the end.
class EventTranslator {
public:
    // In the order of the stream; with the signal that the container's image wants for a stop, as far as it is known.
    // Nothing for events that nobody is told of.
    std::optional<Announcement> translate(const EngineEvent&, std::optional<int> stopSignal = {});

private:
    struct Signs {
        std::int64_t askedToEnd = 0; // timeNano of the last signal that ends a process
        std::int64_t oom = 0;        // timeNano of the last event that told of it
    };
    std::map<std::string, Signs> signs_;
};

} // namespace talome::docker

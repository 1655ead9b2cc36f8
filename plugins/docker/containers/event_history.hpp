// What happened to containers, kept in the plugin's database: starts, ends with their reasons, verdicts of health checks.
// note() on a worker, read() on any worker.
#pragma once

#include "engine/engine_event.hpp"

#include <talome/host.hpp>

#include <vector>

namespace talome::docker {

struct PastEvent {
    std::string time; // UTC, with milliseconds
    std::string event; // "started", "stopped", "died", "oom", "health", "removed", "created"
    std::string containerId, name, image;
    std::optional<int> exitCode;
    std::optional<std::string> reason, health; // as of ContainerEvent
};
BOOST_DESCRIBE_STRUCT(PastEvent, (), (time, event, containerId, name, image, exitCode, reason, health))

class EventHistory {
public:
    explicit EventHistory(Host host) : host_(host) {}

    static const char* const kMigration;

    void note(const Announcement&); // nothing for events that are not kept
    // The newest first: of the container with this id (12 digits), and of earlier ones of the same name. `crashes`: only
    // ends that nobody asked for.
    std::vector<PastEvent> read(const std::string& containerId, const std::string& name, bool crashes, int limit) const;

private:
    const Host host_;
    int sinceForgetting_ = 0;
};

} // namespace talome::docker

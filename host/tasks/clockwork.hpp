// What all tasks of the server share.
#pragma once

#include "host/tasks/handover.hpp"
#include "host/tasks/time_zones.hpp"
#include "host/tasks/wall_clock.hpp"

namespace talome::tasks {

/// Any thread.
struct Clockwork {
    Clockwork(Reactor& reactor, const TimeSource& time) : clock(WallClock::make(reactor, time)) {}

    const std::shared_ptr<WallClock> clock;
    TimeZones zones;
    Handover handover;
};

} // namespace talome::tasks

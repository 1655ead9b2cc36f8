// When a cron expression is due next, in a time zone with its changes of the clock.
#pragma once

#include "host/tasks/time_zone.hpp"
#include "sdk/manifest/cron.hpp"

#include <cstdint>

namespace talome::tasks {

/// The first time after `afterMs`; both are milliseconds since the epoch. A time that a change of the clock skips is
/// due right after the gap; one that comes twice, at its first coming. An expression that is even (Cron::isEven) takes
/// the hours as they come.
std::int64_t nextTick(const manifest::Cron&, const TimeZone&, std::int64_t afterMs);

} // namespace talome::tasks

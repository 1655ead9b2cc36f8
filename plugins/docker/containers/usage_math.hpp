// What is made of readings. CPU is the difference of two over the time between them: 100 % is one core, as
// `docker stats` has it. Pure.
#pragma once

#include "containers/cgroup_files.hpp"
#include "containers/container_types.hpp"
#include "engine/engine_stats_types.hpp"

namespace talome::docker {

// Nothing if the two are not of one run of a container, or too close for a rate.
std::optional<ContainerStats> statsBetween(const Usage& before, const Usage& now);

// The engine's answer as a reading. `at` is the caller's.
Usage usageOf(const engine::Stats&);

} // namespace talome::docker

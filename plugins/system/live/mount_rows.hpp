// What the prober knows of the mounts, as rows of an answer.
#pragma once

#include "live/stats_types.hpp"
#include "mounts/mount_prober.hpp"

namespace talome::system {

/// One for each that holds something. `nowMs` is the time of day at this moment, for `checkedAt`.
std::vector<MountStats> mountRows(const std::vector<MountState>&, std::int64_t nowMs);

} // namespace talome::system

// From what was read to what it means: one check for each thing that can be wrong with the machine. Pure, but for the
// kernel's files about arrays and file systems.
#pragma once

#include "health/thresholds.hpp"
#include "history/recorder.hpp"

namespace talome::system {

/// Kinds that assess() makes: a subject of them that it does not name is no longer there.
extern const std::set<std::string> kAssessedKinds;

std::vector<Check> assess(const Recorded&, const Thresholds&);

/// md arrays (/proc/mdstat), ZFS pools, and errors that ext4 has noted.
std::vector<Check> assessArrays(const Source&);
std::vector<Check> parseMdstat(std::string_view text);

/// Whether the clock is kept right.
Check assessClock();

std::string bytesText(double bytes); ///< "1.5 GB"

} // namespace talome::system

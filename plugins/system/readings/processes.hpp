// Processes by what they use: two readings of /proc/PID/stat a moment apart.
#pragma once

#include "readings/source.hpp"

#include <chrono>
#include <map>

namespace talome::system {

struct ProcessReading {
    std::string name; ///< as the kernel has it, 15 characters; command lines may hold secrets
    char state = '?';
    std::int64_t parent = 0, startedTicks = 0, threads = 0;
    std::uint64_t cpuTicks = 0, residentBytes = 0;
    unsigned uid = 0;
};

struct ProcessUse {
    std::int64_t pid = 0, parent = 0, threads = 0;
    ProcessReading reading;
    double cpuPercent = 0; ///< of one processor
};

std::map<std::int64_t, ProcessReading> readProcesses(const std::string& proc);
/// Text of one /proc/PID/stat; nothing if it is none.
std::optional<ProcessReading> parseProcess(std::string_view stat);
/// Of processes that are in both readings; those that are new count as having used nothing.
std::vector<ProcessUse> useBetween(const std::map<std::int64_t, ProcessReading>& before,
                                   const std::map<std::int64_t, ProcessReading>& now, double seconds);

} // namespace talome::system

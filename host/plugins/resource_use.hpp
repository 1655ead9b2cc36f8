// What one plugin uses of the server now, and has used since the start.
#pragma once

#include "host/http/holdings.hpp"

#include <boost/describe.hpp>
#include <cstdint>
#include <filesystem>
#include <string>

namespace talome::plugins {

/// Counts since the server's start are of all generations of the plugin, those of now of the one that is asked.
struct ResourceUse {
    std::uint64_t callsRunning = 0, callsTotal = 0; ///< of its operations and routes, by other plugins as well
    std::uint64_t callsFailed = 0;                  ///< that ended with an error
    std::uint64_t callsRefused = 0;                 ///< with 503, because one of its limits was reached
    std::uint64_t callsOverdue = 0;                 ///< that ran beyond their time limit
    double cpuSeconds = 0;                          ///< in calls, tasks and callbacks: not in threads of its own
    std::uint64_t streams = 0;                      ///< event streams, WebSockets and the like that are open
    std::uint64_t queuedBytes = 0;                  ///< that wait for their clients
    std::uint64_t databaseBytes = 0;                ///< on disk, with its log
    std::uint64_t programsRunning = 0, programsTotal = 0;
    double programCpuSeconds = 0; ///< of programs that have ended
};
BOOST_DESCRIBE_STRUCT(ResourceUse, (),
                      (callsRunning, callsTotal, callsFailed, callsRefused, callsOverdue, cpuSeconds, streams,
                       queuedBytes, databaseBytes, programsRunning, programsTotal, programCpuSeconds))

/// Any thread. `holdings` null: it does not run.
ResourceUse resourceUse(const std::string& plugin, const http::Holdings* holdings,
                        const std::filesystem::path& databaseDir);

} // namespace talome::plugins

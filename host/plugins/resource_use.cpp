// What one plugin uses of the server now, and has used since the start.
#include "host/plugins/resource_use.hpp"

#include "host/crash/usage.hpp"
#include "host/process/usage.hpp"

namespace talome::plugins {

ResourceUse resourceUse(const std::string& plugin, const http::Holdings* holdings,
                        const std::filesystem::path& databaseDir) {
    const auto& usage = crash::usageOf(plugin);
    ResourceUse use;
    use.callsRunning = usage.running.load(std::memory_order_relaxed);
    use.callsTotal = usage.calls.load(std::memory_order_relaxed);
    use.callsFailed = usage.failed.load(std::memory_order_relaxed);
    use.callsRefused = usage.refused.load(std::memory_order_relaxed);
    use.callsOverdue = usage.overdue.load(std::memory_order_relaxed);
    use.cpuSeconds = static_cast<double>(usage.cpuNs.load(std::memory_order_relaxed)) / 1e9;
    const auto& programs = process::usageOf(plugin);
    use.programsRunning = programs.running;
    use.programsTotal = programs.started;
    use.programCpuSeconds = static_cast<double>(programs.cpuMs) / 1e3;
    if (holdings) {
        use.streams = holdings->streams;
        use.queuedBytes = holdings->queued;
    }
    for (const char* ending : {".db", ".db-wal"}) {
        std::error_code none; // it may have no database, or none yet
        const auto bytes = std::filesystem::file_size(databaseDir / (plugin + ending), none);
        if (!none) use.databaseBytes += bytes;
    }
    return use;
}

} // namespace talome::plugins

// Memory is shown as MiB, rounded; CPU with one decimal.
#include "containers/usage_math.hpp"

#include <algorithm>
#include <cmath>

namespace talome::docker {

namespace {

constexpr std::chrono::milliseconds kShortest{20}; // between readings, for a rate worth showing
constexpr double kMiB = 1024.0 * 1024.0;

std::int64_t mebibytes(std::uint64_t bytes) { return std::llround(static_cast<double>(bytes) / kMiB); }

} // namespace

std::optional<ContainerStats> statsBetween(const Usage& before, const Usage& now) {
    const auto wall = std::chrono::duration_cast<std::chrono::nanoseconds>(now.at - before.at);
    if (wall < kShortest || now.cpuNs < before.cpuNs) return std::nullopt;
    const double percent = static_cast<double>(now.cpuNs - before.cpuNs) / static_cast<double>(wall.count()) * 100;
    ContainerStats stats;
    stats.cpuPercent = std::round(percent * 10) / 10;
    stats.memoryUsageMb = mebibytes(now.memoryBytes);
    stats.memoryLimitMb = mebibytes(now.memoryLimitBytes);
    stats.networkRxBytes = now.networkRxBytes;
    stats.networkTxBytes = now.networkTxBytes;
    stats.blockReadBytes = now.blockReadBytes;
    stats.blockWriteBytes = now.blockWriteBytes;
    stats.pids = now.pids;
    return stats;
}

Usage usageOf(const engine::Stats& from) {
    Usage usage;
    usage.cpuNs = from.cpu_stats.cpu_usage.total_usage;
    usage.memoryLimitBytes = from.memory_stats.limit.value_or(0);
    const auto details = from.memory_stats.stats.value_or(std::map<std::string, std::uint64_t>{});
    std::uint64_t cache = 0; // version 1 has both names, and the total is the one that counts
    for (const char* name : {"inactive_file", "total_inactive_file"}) {
        if (const auto found = details.find(name); found != details.end()) cache = found->second;
    }
    const std::uint64_t memory = from.memory_stats.usage.value_or(0);
    usage.memoryBytes = memory - std::min(memory, cache);
    for (const auto& [name, network] : from.networks.value_or(std::map<std::string, engine::NetworkStats>{})) {
        usage.networkRxBytes += network.rx_bytes;
        usage.networkTxBytes += network.tx_bytes;
    }
    if (from.blkio_stats) {
        for (const auto& entry :
             from.blkio_stats->io_service_bytes_recursive.value_or(std::vector<engine::BlockEntry>{})) {
            if (entry.op == "Read" || entry.op == "read") usage.blockReadBytes += entry.value;
            if (entry.op == "Write" || entry.op == "write") usage.blockWriteBytes += entry.value;
        }
    }
    if (from.pids_stats) usage.pids = from.pids_stats->current.value_or(0);
    return usage;
}

} // namespace talome::docker

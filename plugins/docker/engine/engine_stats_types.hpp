// What the Engine API answers to GET /containers/ID/stats; see engine_types.hpp.
#pragma once

#include "engine/engine_types.hpp"

namespace talome::docker::engine {

struct CpuUsage {
    std::uint64_t total_usage = 0;
};
struct CpuStats {
    CpuUsage cpu_usage;
};
struct MemoryStats {
    std::optional<std::uint64_t> usage, limit;
    std::optional<std::map<std::string, std::uint64_t>> stats;
};
struct NetworkStats {
    std::uint64_t rx_bytes = 0, tx_bytes = 0;
};
struct BlockEntry {
    std::string op;
    std::uint64_t value = 0;
};
struct BlockStats {
    List<BlockEntry> io_service_bytes_recursive;
};
struct PidsStats {
    std::optional<std::uint64_t> current;
};
struct Stats {
    CpuStats cpu_stats;
    MemoryStats memory_stats;
    std::optional<std::map<std::string, NetworkStats>> networks;
    std::optional<BlockStats> blkio_stats;
    std::optional<PidsStats> pids_stats;
};
BOOST_DESCRIBE_STRUCT(CpuUsage, (), (total_usage))
BOOST_DESCRIBE_STRUCT(CpuStats, (), (cpu_usage))
BOOST_DESCRIBE_STRUCT(MemoryStats, (), (usage, limit, stats))
BOOST_DESCRIBE_STRUCT(NetworkStats, (), (rx_bytes, tx_bytes))
BOOST_DESCRIBE_STRUCT(BlockEntry, (), (op, value))
BOOST_DESCRIBE_STRUCT(BlockStats, (), (io_service_bytes_recursive))
BOOST_DESCRIBE_STRUCT(PidsStats, (), (current))
BOOST_DESCRIBE_STRUCT(Stats, (), (cpu_stats, memory_stats, networks, blkio_stats, pids_stats))

} // namespace talome::docker::engine

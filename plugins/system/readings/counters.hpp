// What the kernel has counted since it started, at one moment, and the amounts that it has now. Rates are made from two
// of these, see rates.hpp.
#pragma once

#include "readings/source.hpp"

#include <array>
#include <chrono>
#include <map>
#include <memory>

namespace talome::system {

/// Of all processors, or of one, in ticks (proc(5), /proc/stat). Guest time is part of user time.
struct CpuTimes {
    std::uint64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
    std::uint64_t total() const { return user + nice + system + idle + iowait + irq + softirq + steal; }
};

/// Bytes.
struct MemoryAmounts {
    std::uint64_t total = 0, free = 0, available = 0, buffers = 0, cached = 0, reclaimable = 0, swapTotal = 0,
                  swapFree = 0;
    std::uint64_t used() const { return total - std::min(total, available); }
};

struct NetCounters {
    std::uint64_t rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0;
    std::uint64_t txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0;
};

struct DiskCounters {
    std::uint64_t reads = 0, readBytes = 0, writes = 0, writtenBytes = 0, busyMs = 0;
};

/// Share of time, percent, in which work waited (PSI): some of it, or all.
struct Stall {
    double some10 = 0, some60 = 0, some300 = 0, full10 = 0, full60 = 0, full300 = 0;
};

struct Counters {
    std::chrono::steady_clock::time_point at;
    std::optional<CpuTimes> cpu;
    std::vector<CpuTimes> cores;
    std::optional<MemoryAmounts> memory;
    std::map<std::string, NetCounters, std::less<>> interfaces; ///< without lo
    std::map<std::string, DiskCounters, std::less<>> disks;     ///< whole disks only
    std::array<double, 3> load{};
    double uptime = 0; ///< seconds
    std::optional<Stall> cpuStall, ioStall, memoryStall;
};
using CountersPtr = std::shared_ptr<const Counters>;

// Each reads the text of one file; nothing that it does not know is an error.
std::optional<CpuTimes> parseStat(std::string_view text, std::vector<CpuTimes>& cores);
std::optional<MemoryAmounts> parseMeminfo(std::string_view text);
void parseNetDev(std::string_view text, std::map<std::string, NetCounters, std::less<>>& interfaces);
std::optional<Stall> parseStall(std::string_view text);

/// Keeps its files open. One thread at a time.
class CounterReader {
public:
    explicit CounterReader(const Source& source);
    CountersPtr read();

private:
    void readDisks(std::map<std::string, DiskCounters, std::less<>>&);

    const Source source_;
    KeptFile stat_, meminfo_, netDev_, diskstats_, loadavg_, uptime_, cpuStall_, ioStall_, memoryStall_;
    std::map<std::string, bool, std::less<>> wholeDisks_; ///< by name: whether it counts
    std::string buffer_;
};

} // namespace talome::system

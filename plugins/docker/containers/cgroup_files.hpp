// Reads what a container uses straight from the kernel's cgroup and network files, version 1 and version 2 alike. The
// parsers are pure; CgroupReader does the reading.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace talome::docker {

// Counters of one container at one moment. CPU, network and block counters only ever grow while it runs.
struct Usage {
    std::chrono::steady_clock::time_point at;
    std::uint64_t cpuNs = 0;
    std::uint64_t memoryBytes = 0; // without the file cache that the kernel would drop first
    std::uint64_t memoryLimitBytes = 0;
    std::uint64_t networkRxBytes = 0, networkTxBytes = 0;
    std::uint64_t blockReadBytes = 0, blockWriteBytes = 0;
    std::uint64_t pids = 0;
};

// A process's cgroup paths, from /proc/PID/cgroup.
struct CgroupPaths {
    std::string unified;                      // version 2
    std::string memory, cpuacct, blkio, pids; // version 1, by controller; empty if the kernel has none
};
CgroupPaths parseCgroupPaths(std::string_view procCgroup);

std::optional<std::uint64_t> parseCount(std::string_view text); // "1234\n"; nothing for "max"
// The number after `key` in a file of lines "key number".
std::optional<std::uint64_t> parseKeyed(std::string_view text, std::string_view key);

struct Bytes {
    std::uint64_t first = 0, second = 0;
};
Bytes parseNetDev(std::string_view procNetDev);    // received, sent; the loopback left out
Bytes parseBlkio(std::string_view ioServiceBytes); // version 1: read, written
Bytes parseIoStat(std::string_view ioStat);        // version 2: read, written

class CgroupReader {
public:
    explicit CgroupReader(std::string proc = "/proc", std::string cgroup = "/sys/fs/cgroup");

    // Nothing if the process is gone, is not the container's (another pid namespace), or its files cannot be read.
    // `network` false: the container has no network of its own to count.
    std::optional<Usage> read(std::string_view containerId, std::int64_t pid, bool network) const;

private:
    bool readV1(const CgroupPaths&, Usage&) const;
    bool readV2(const CgroupPaths&, Usage&) const;

    std::string proc_, cgroup_;
    std::uint64_t hostMemory_;
};

} // namespace talome::docker

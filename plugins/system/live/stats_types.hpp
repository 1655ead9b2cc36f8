// What GET /api/system/stats answers. Numbers that could not be read are not there, and `problems` says why.
#pragma once

#include "gpu/gpu.hpp"

#include <cmath>

namespace talome::system {

/// One decimal.
inline double rounded(double value) { return std::round(value * 10) / 10; }

struct CpuStats {
    std::optional<double> usage; ///< percent of all processors together, since the reading before
    unsigned cores = 0;
    std::string model;
    std::vector<double> perCore; ///< percent
    std::vector<double> load;    ///< over 1, 5 and 15 minutes
    std::optional<double> freqMHz, temperatureC, user, system, iowait, steal;
};
BOOST_DESCRIBE_STRUCT(CpuStats, (),
                      (usage, cores, model, perCore, load, freqMHz, temperatureC, user, system, iowait, steal))

struct MemoryStats { ///< bytes; used: what could not be had without swapping
    std::optional<std::uint64_t> usedBytes, totalBytes, available, free, cached, swapUsed, swapTotal, zram;
    std::optional<double> percent;
};
BOOST_DESCRIBE_STRUCT(MemoryStats, (),
                      (usedBytes, totalBytes, percent, available, free, cached, swapUsed, swapTotal, zram))

struct MountStats {
    std::string fs, mount;
    std::optional<std::uint64_t> usedBytes, totalBytes, availableBytes;
    std::optional<double> percent, inodesPercent; ///< as df says them
    std::string type, fstype;                     ///< type: internal, external, network
    bool readOnly = false;
    std::string options, device;
    bool stale = false;                    ///< it does not answer: the numbers are the last ones known
    std::optional<std::string> problem, checkedAt;
};
BOOST_DESCRIBE_STRUCT(MountStats, (),
                      (fs, mount, usedBytes, totalBytes, percent, type, fstype, availableBytes, inodesPercent, readOnly,
                       options, device, stale, problem, checkedAt))

struct DiskStats { ///< the first numbers are those of /, else of the first mount
    std::optional<std::uint64_t> usedBytes, totalBytes;
    std::optional<double> percent, readBytesPerSec, writeBytesPerSec, busyPercent;
    std::vector<MountStats> mounts;
};
BOOST_DESCRIBE_STRUCT(DiskStats, (),
                      (usedBytes, totalBytes, percent, readBytesPerSec, writeBytesPerSec, busyPercent, mounts))

struct InterfaceStats {
    std::string name;
    std::int64_t rxBytesPerSec = 0, txBytesPerSec = 0;
    std::uint64_t rxBytes = 0, txBytes = 0, rxErrors = 0, txErrors = 0, rxDropped = 0, txDropped = 0;
};
BOOST_DESCRIBE_STRUCT(InterfaceStats, (),
                      (name, rxBytesPerSec, txBytesPerSec, rxBytes, txBytes, rxErrors, txErrors, rxDropped, txDropped))

struct NetworkStats {
    std::int64_t rxBytesPerSec = 0, txBytesPerSec = 0; ///< of `interfaces`
    std::vector<InterfaceStats> interfaces;            ///< those that count for the whole server
};
BOOST_DESCRIBE_STRUCT(NetworkStats, (), (rxBytesPerSec, txBytesPerSec, interfaces))

struct StallStats { ///< percent of the last 10, 60 and 300 seconds
    double some10 = 0, some60 = 0, some300 = 0, full10 = 0, full60 = 0, full300 = 0;
};
BOOST_DESCRIBE_STRUCT(StallStats, (), (some10, some60, some300, full10, full60, full300))

struct PressureStats { ///< not there where the kernel does not count it
    std::optional<StallStats> cpu, io, memory;
};
BOOST_DESCRIBE_STRUCT(PressureStats, (), (cpu, io, memory))

struct Stats {
    CpuStats cpu;
    MemoryStats memory;
    DiskStats disk;
    NetworkStats network;
    std::int64_t uptime = 0; ///< seconds
    std::string platform = "linux", arch, hostname;
    std::vector<Gpu> gpu;
    PressureStats pressure;
    std::string sampledAt;
    double sampledSeconds = 0; ///< the time over which shares and rates are meant
    std::vector<std::string> problems;
};
BOOST_DESCRIBE_STRUCT(Stats, (),
                      (cpu, memory, disk, network, uptime, platform, arch, hostname, gpu, pressure, sampledAt,
                       sampledSeconds, problems))

} // namespace talome::system

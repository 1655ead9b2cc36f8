// What happened between two readings: shares of time and amounts a second.
#pragma once

#include "readings/counters.hpp"

#include <set>

namespace talome::system {

/// Percent of the time between, 0 to 100.
struct CpuShares {
    double usage = 0, user = 0, system = 0, iowait = 0, steal = 0;
};

struct InterfaceRates {
    std::string name;
    double rxBytesPerSec = 0, txBytesPerSec = 0;
    NetCounters counters;
};

struct DiskRates {
    double readBytesPerSec = 0, writeBytesPerSec = 0, busyPercent = 0; ///< busy: of the busiest disk
};

struct Rates {
    std::optional<CpuShares> cpu;
    std::vector<double> cores; ///< usage of each
    std::vector<InterfaceRates> interfaces;
    DiskRates disks;
};

/// Waiting for disks counts as idle, as in mpstat and top. A counter that has gone backwards, or come new, counts as no
/// change. Nothing if no time has gone by.
std::optional<CpuShares> sharesBetween(const CpuTimes& before, const CpuTimes& now);
Rates ratesBetween(const Counters& before, const Counters& now);

/// Which interfaces count for the whole server: those with hardware behind them, so that what containers send is not
/// counted twice. Where none has (in a container), all that are not known to be virtual. One thread.
class CountedInterfaces {
public:
    CountedInterfaces(std::string sys, std::vector<std::string> chosen)
        : sys_(std::move(sys)), chosen_(chosen.begin(), chosen.end()) {}
    std::set<std::string, std::less<>> among(const std::map<std::string, NetCounters, std::less<>>&);

private:
    const std::string sys_;
    const std::set<std::string, std::less<>> chosen_; ///< empty: not said
    std::map<std::string, bool, std::less<>> hardware_;
};

bool isVirtualName(std::string_view interface); ///< of a container, a bridge or a tunnel

} // namespace talome::system

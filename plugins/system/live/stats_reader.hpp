// Puts one reading of the machine together: what was counted between two moments, and what is read more seldom because
// it changes slowly or is slow to read.
#pragma once

#include "live/stats_types.hpp"
#include "readings/machine.hpp"
#include "readings/rates.hpp"

#include <memory>

namespace talome::system {

/// One thread at a time, but for machine(), which anyone may read after open().
class StatsReader {
public:
    using Clock = std::chrono::steady_clock;

    explicit StatsReader(const Source& source) : source_(source), gpus_(source), counters_(source) {}

    /// `interfaces`: those that count for the whole server; empty: those with hardware behind them.
    void open(const std::vector<std::string>& interfaces);
    CountersPtr counters() { return counters_.read(); }
    /// Without `sampledAt`, which is the sampler's.
    Stats between(const Counters& before, const Counters& now, std::vector<MountStats> mounts,
                  const std::vector<Temperature>& temperatures);

    std::set<std::string, std::less<>> countedInterfaces(const Counters& c) { return counted_->among(c.interfaces); }
    const Machine& machine() const { return machine_; }
    GpuReader& gpus() { return gpus_; } ///< any thread

private:
    void readSlowThings();
    void fill(CpuStats&, const Rates&, const Counters&, const std::vector<Temperature>&);
    void fill(MemoryStats&, const MemoryAmounts&);
    void fill(NetworkStats&, const Rates&, const Counters&);
    static void fill(DiskStats&, const Rates&);

    const Source& source_;
    Machine machine_;
    GpuReader gpus_;
    CounterReader counters_;
    std::unique_ptr<CountedInterfaces> counted_;
    std::optional<double> frequency_;
    std::optional<std::uint64_t> zram_;
    Clock::time_point slowAt_{};
};

} // namespace talome::system

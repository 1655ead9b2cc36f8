#include "live/stats_reader.hpp"

#include <algorithm>

namespace talome::system {

namespace {

constexpr std::chrono::seconds kSlowThings{5}; // frequencies and the like, some of which are slow to read

StallStats shown(const Stall& stall) {
    return {stall.some10, stall.some60, stall.some300, stall.full10, stall.full60, stall.full300};
}

std::optional<std::uint64_t> zramBytes(const std::string& sys) {
    std::optional<std::uint64_t> sum;
    for (const std::string& name : namesIn(sys + "/block")) {
        if (!name.starts_with("zram")) continue;
        const auto text = readLine(sys + "/block/" + name + "/mm_stat"); // original, compressed, in memory …
        if (!text) continue;
        Words words(*text);
        words.next(), words.next();
        sum = sum.value_or(0) + words.number();
    }
    return sum;
}

} // namespace

void StatsReader::open(const std::vector<std::string>& interfaces) {
    machine_ = readMachine(source_);
    counted_ = std::make_unique<CountedInterfaces>(source_.sys, interfaces);
}

void StatsReader::readSlowThings() {
    const auto now = Clock::now();
    if (slowAt_ != Clock::time_point{} && now - slowAt_ < kSlowThings) return;
    slowAt_ = now;
    frequency_ = meanFrequencyMHz(source_.sys);
    zram_ = zramBytes(source_.sys);
}

void StatsReader::fill(CpuStats& cpu, const Rates& rates, const Counters& now, const std::vector<Temperature>& temperatures) {
    cpu.cores = now.cores.empty() ? machine_.cores : static_cast<unsigned>(now.cores.size());
    cpu.model = machine_.cpuModel;
    cpu.perCore.reserve(rates.cores.size());
    for (const double usage : rates.cores) cpu.perCore.push_back(rounded(usage));
    cpu.load.assign(now.load.begin(), now.load.end());
    if (frequency_) cpu.freqMHz = std::round(*frequency_);
    if (const auto celsius = cpuTemperature(temperatures)) cpu.temperatureC = rounded(*celsius);
    if (!rates.cpu) return;
    cpu.usage = rounded(std::clamp(rates.cpu->usage, 0.0, 100.0));
    cpu.user = rounded(rates.cpu->user);
    cpu.system = rounded(rates.cpu->system);
    cpu.iowait = rounded(rates.cpu->iowait);
    cpu.steal = rounded(rates.cpu->steal);
}

void StatsReader::fill(MemoryStats& memory, const MemoryAmounts& now) {
    memory = {now.used(),    now.total,     now.available,
              now.free,      now.cached + now.buffers + now.reclaimable,
              now.swapTotal - std::min(now.swapTotal, now.swapFree),
              now.swapTotal, zram_,
              rounded(static_cast<double>(now.used()) / static_cast<double>(now.total) * 100)};
}

void StatsReader::fill(NetworkStats& network, const Rates& rates, const Counters& now) {
    const auto counted = counted_->among(now.interfaces);
    for (const InterfaceRates& each : rates.interfaces) {
        if (!counted.contains(each.name)) continue;
        const auto& c = each.counters;
        network.interfaces.push_back({each.name, std::llround(each.rxBytesPerSec), std::llround(each.txBytesPerSec),
                                      c.rxBytes, c.txBytes, c.rxErrors, c.txErrors, c.rxDropped, c.txDropped});
        network.rxBytesPerSec += network.interfaces.back().rxBytesPerSec;
        network.txBytesPerSec += network.interfaces.back().txBytesPerSec;
    }
}

void StatsReader::fill(DiskStats& disk, const Rates& rates) {
    disk.readBytesPerSec = std::round(rates.disks.readBytesPerSec);
    disk.writeBytesPerSec = std::round(rates.disks.writeBytesPerSec);
    disk.busyPercent = rounded(rates.disks.busyPercent);
    if (disk.mounts.empty()) return;
    const MountStats& first = disk.mounts.front(); // sorted: / before all others
    disk.usedBytes = first.usedBytes;
    disk.totalBytes = first.totalBytes;
    disk.percent = first.percent;
}

Stats StatsReader::between(const Counters& before, const Counters& now, std::vector<MountStats> mounts,
                           const std::vector<Temperature>& temperatures) {
    readSlowThings();
    const Rates rates = ratesBetween(before, now);
    Stats stats;
    fill(stats.cpu, rates, now, temperatures);
    if (!now.cpu)
        stats.problems.emplace_back("cpu: " + source_.proc + "/stat cannot be read");
    else if (!stats.cpu.usage)
        stats.problems.emplace_back("cpu: its counters stand still");
    if (now.memory)
        fill(stats.memory, *now.memory);
    else
        stats.problems.emplace_back("memory: " + source_.proc + "/meminfo cannot be read");
    stats.disk.mounts = std::move(mounts);
    fill(stats.disk, rates);
    if (stats.disk.mounts.empty()) stats.problems.emplace_back("disk: no file system with data is mounted");
    fill(stats.network, rates, now);
    stats.uptime = static_cast<std::int64_t>(now.uptime);
    stats.arch = machine_.arch;
    stats.hostname = machine_.hostname;
    stats.gpu = gpus_.read();
    if (now.cpuStall) stats.pressure.cpu = shown(*now.cpuStall);
    if (now.ioStall) stats.pressure.io = shown(*now.ioStall);
    if (now.memoryStall) stats.pressure.memory = shown(*now.memoryStall);
    stats.sampledSeconds = std::round(std::chrono::duration<double>(now.at - before.at).count() * 1000) / 1000;
    return stats;
}

} // namespace talome::system

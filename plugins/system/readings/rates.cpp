#include "readings/rates.hpp"

#include <unistd.h>

#include <algorithm>

namespace talome::system {

namespace {

std::uint64_t grown(std::uint64_t before, std::uint64_t now) { return now > before ? now - before : 0; }

} // namespace

std::optional<CpuShares> sharesBetween(const CpuTimes& before, const CpuTimes& now) {
    CpuTimes d;
    d.user = grown(before.user, now.user), d.nice = grown(before.nice, now.nice);
    d.system = grown(before.system, now.system), d.idle = grown(before.idle, now.idle);
    d.iowait = grown(before.iowait, now.iowait), d.irq = grown(before.irq, now.irq);
    d.softirq = grown(before.softirq, now.softirq), d.steal = grown(before.steal, now.steal);
    const auto total = static_cast<double>(d.total());
    if (total <= 0) return std::nullopt;
    const auto percent = [&](std::uint64_t ticks) { return static_cast<double>(ticks) / total * 100; };
    return CpuShares{100 - percent(d.idle + d.iowait), percent(d.user + d.nice),
                     percent(d.system + d.irq + d.softirq), percent(d.iowait), percent(d.steal)};
}

Rates ratesBetween(const Counters& before, const Counters& now) {
    Rates rates;
    if (before.cpu && now.cpu) rates.cpu = sharesBetween(*before.cpu, *now.cpu);
    const bool sameCores = before.cores.size() == now.cores.size(); // one that was switched off has no line
    for (std::size_t i = 0; sameCores && i < now.cores.size(); ++i) {
        const auto shares = sharesBetween(before.cores[i], now.cores[i]);
        rates.cores.push_back(shares ? shares->usage : 0);
    }
    const double seconds = std::chrono::duration<double>(now.at - before.at).count();
    if (seconds <= 0) return rates;
    const auto perSecond = [&](std::uint64_t a, std::uint64_t b) { return static_cast<double>(grown(a, b)) / seconds; };
    for (const auto& [name, counters] : now.interfaces) {
        InterfaceRates one{name, 0, 0, counters};
        if (const auto it = before.interfaces.find(name); it != before.interfaces.end()) {
            one.rxBytesPerSec = perSecond(it->second.rxBytes, counters.rxBytes);
            one.txBytesPerSec = perSecond(it->second.txBytes, counters.txBytes);
        }
        rates.interfaces.push_back(std::move(one));
    }
    for (const auto& [name, counters] : now.disks) {
        const auto it = before.disks.find(name);
        if (it == before.disks.end()) continue;
        rates.disks.readBytesPerSec += perSecond(it->second.readBytes, counters.readBytes);
        rates.disks.writeBytesPerSec += perSecond(it->second.writtenBytes, counters.writtenBytes);
        const double busy = std::min(100.0, perSecond(it->second.busyMs, counters.busyMs) / 10);
        rates.disks.busyPercent = std::max(rates.disks.busyPercent, busy);
    }
    return rates;
}

bool isVirtualName(std::string_view interface) {
    for (const std::string_view prefix : {"veth", "br-", "docker", "virbr", "vnet", "tun", "tap", "wg", "cni", "cali",
                                          "flannel", "lxc", "dummy", "ifb", "sit", "gre", "tailscale", "zt"})
        if (interface.starts_with(prefix)) return true;
    return false;
}

std::set<std::string, std::less<>>
CountedInterfaces::among(const std::map<std::string, NetCounters, std::less<>>& interfaces) {
    std::set<std::string, std::less<>> counted, others;
    for (const auto& [name, counters] : interfaces) {
        if (!chosen_.empty()) {
            if (chosen_.contains(name)) counted.insert(name);
            continue;
        }
        auto known = hardware_.find(name);
        if (known == hardware_.end())
            known = hardware_.emplace(name, ::access((sys_ + "/class/net/" + name + "/device").c_str(), F_OK) == 0).first;
        if (known->second)
            counted.insert(name);
        else if (!isVirtualName(name))
            others.insert(name);
    }
    if (hardware_.size() > 4096) hardware_.clear();
    return counted.empty() ? others : counted;
}

} // namespace talome::system

#include "readings/counters.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace talome::system {

namespace {

constexpr std::uint64_t kSector = 512; // of /proc/diskstats, whatever the disk's own

double real(std::string_view word) {
    double value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    return value;
}

CpuTimes cpuTimes(Words& words) {
    CpuTimes times;
    for (auto* field : {&times.user, &times.nice, &times.system, &times.idle, &times.iowait, &times.irq, &times.softirq,
                        &times.steal})
        *field = words.number();
    return times;
}

} // namespace

// The first lines are those of processors; what follows (a long line of interrupts) is not looked at.
std::optional<CpuTimes> parseStat(std::string_view text, std::vector<CpuTimes>& cores) {
    std::optional<CpuTimes> all;
    while (text.starts_with("cpu")) {
        const auto line = text.substr(0, text.find('\n'));
        Words words(line);
        const bool whole = words.next() == "cpu";
        if (whole)
            all = cpuTimes(words);
        else
            cores.push_back(cpuTimes(words));
        if (line.size() == text.size()) break;
        text.remove_prefix(line.size() + 1);
    }
    if (all && all->total() == 0) all.reset();
    return all;
}

std::optional<MemoryAmounts> parseMeminfo(std::string_view text) {
    MemoryAmounts memory;
    bool hasAvailable = false;
    eachLine(text, [&](std::string_view line) {
        Words words(line);
        const auto name = words.next();
        const auto set = [&](std::uint64_t& field) { field = words.number() * 1024; };
        if (name == "MemTotal:") set(memory.total);
        if (name == "MemFree:") set(memory.free);
        if (name == "MemAvailable:") set(memory.available), hasAvailable = true;
        if (name == "Buffers:") set(memory.buffers);
        if (name == "Cached:") set(memory.cached);
        if (name == "SReclaimable:") set(memory.reclaimable);
        if (name == "SwapTotal:") set(memory.swapTotal);
        if (name == "SwapFree:") set(memory.swapFree);
    });
    if (memory.total == 0) return std::nullopt;
    if (!hasAvailable) memory.available = memory.free + memory.buffers + memory.cached; // before Linux 3.14
    return memory;
}

void parseNetDev(std::string_view text, std::map<std::string, NetCounters, std::less<>>& interfaces) {
    eachLine(text, [&](std::string_view line) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return; // the two lines of headings
        const auto name = Words(line.substr(0, colon)).next();
        if (name.empty() || name == "lo") return;
        Words words(line.substr(colon + 1));
        NetCounters counters;
        for (auto* field : {&counters.rxBytes, &counters.rxPackets, &counters.rxErrors, &counters.rxDropped})
            *field = words.number();
        for (int i = 0; i < 4; ++i) words.next(); // fifo, frame, compressed, multicast
        for (auto* field : {&counters.txBytes, &counters.txPackets, &counters.txErrors, &counters.txDropped})
            *field = words.number();
        interfaces.emplace(name, counters);
    });
}

std::optional<Stall> parseStall(std::string_view text) {
    Stall stall;
    bool found = false;
    eachLine(text, [&](std::string_view line) {
        Words words(line);
        const auto kind = words.next();
        if (kind != "some" && kind != "full") return;
        found = true;
        const auto value = [&] {
            const auto word = words.next();
            return real(word.substr(std::min(word.size(), word.find('=') + 1)));
        };
        auto& ten = kind == "some" ? stall.some10 : stall.full10;
        auto& sixty = kind == "some" ? stall.some60 : stall.full60;
        auto& most = kind == "some" ? stall.some300 : stall.full300;
        ten = value(), sixty = value(), most = value();
    });
    if (!found) return std::nullopt;
    return stall;
}

CounterReader::CounterReader(const Source& source)
    : source_(source), stat_(source.proc + "/stat"), meminfo_(source.proc + "/meminfo"),
      netDev_(source.proc + (source.own ? "/net/dev" : "/1/net/dev")), diskstats_(source.proc + "/diskstats"),
      loadavg_(source.proc + "/loadavg"), uptime_(source.proc + "/uptime"), cpuStall_(source.proc + "/pressure/cpu"),
      ioStall_(source.proc + "/pressure/io"), memoryStall_(source.proc + "/pressure/memory") {}

// Partitions and what other disks are made of would count twice: of /sys/block those without slaves, and no loop, ram
// or zram devices.
void CounterReader::readDisks(std::map<std::string, DiskCounters, std::less<>>& disks) {
    eachLine(diskstats_.read(buffer_), [&](std::string_view line) {
        Words words(line);
        words.next(), words.next();
        const auto name = words.next();
        if (name.empty()) return;
        auto known = wholeDisks_.find(name);
        if (known == wholeDisks_.end()) {
            const std::string folder = source_.sys + "/block/" + std::string(name);
            const bool counts = !name.starts_with("loop") && !name.starts_with("ram") && !name.starts_with("zram") &&
                                ::access(folder.c_str(), F_OK) == 0 && namesIn(folder + "/slaves").empty();
            known = wholeDisks_.emplace(name, counts).first;
        }
        if (!known->second) return;
        DiskCounters counters;
        counters.reads = words.number(), words.next();
        counters.readBytes = words.number() * kSector, words.next();
        counters.writes = words.number(), words.next();
        counters.writtenBytes = words.number() * kSector, words.next();
        words.next(); // in flight
        counters.busyMs = words.number();
        disks.emplace(name, counters);
    });
    if (wholeDisks_.size() > 4096) wholeDisks_.clear(); // devices that come and go
}

CountersPtr CounterReader::read() {
    auto counters = std::make_shared<Counters>();
    counters->at = std::chrono::steady_clock::now();
    counters->cpu = parseStat(stat_.read(buffer_), counters->cores);
    counters->memory = parseMeminfo(meminfo_.read(buffer_));
    parseNetDev(netDev_.read(buffer_), counters->interfaces);
    readDisks(counters->disks);
    Words load(loadavg_.read(buffer_));
    for (double& each : counters->load) each = real(load.next());
    counters->uptime = real(Words(uptime_.read(buffer_)).next());
    counters->cpuStall = parseStall(cpuStall_.read(buffer_));
    counters->ioStall = parseStall(ioStall_.read(buffer_));
    counters->memoryStall = parseStall(memoryStall_.read(buffer_));
    return counters;
}

} // namespace talome::system

// Nothing is read under mutex_. A reader that comes while another reads waits for that one's sample.
#include "live/sampler.hpp"

#include "live/timestamp.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

namespace talome::system {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPeriod{1000}, kKeepsLooking{10'000}, kFresh{1500};
constexpr auto kShortest = 300ms;          // between two readings, for a share worth showing
constexpr auto kOldest = 30s;              // of a reading that is compared with
constexpr auto kMountAge = 1500ms;         // while somebody looks
constexpr auto kFirstMounts = 150ms;
constexpr std::chrono::milliseconds kTableAge{900}; // between two looks at the mount table
constexpr auto kSlowThings = 5s;           // temperatures and frequencies, some of which are slow to read

std::optional<std::string> variable(const char* name) {
    const char* value = std::getenv(name);
    if (!value) return std::nullopt;
    return value;
}

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

double rounded(double value) { return std::round(value * 10) / 10; }

std::vector<MountStats> mountRows(const std::vector<MountState>& states, std::int64_t nowMs) {
    std::vector<MountStats> rows;
    const auto now = std::chrono::steady_clock::now();
    for (const MountState& state : states) {
        MountStats row;
        row.fs = state.mount.source;
        row.mount = state.mount.path;
        row.type = nameOf(state.mount.kind);
        row.fstype = state.mount.fstype;
        row.readOnly = state.mount.readOnly;
        row.options = state.mount.options;
        row.device = state.mount.device;
        if (state.space) {
            if (state.space->total == 0) continue; // it holds nothing, as a control file system does
            row.usedBytes = state.space->used();
            row.totalBytes = state.space->total;
            row.availableBytes = state.space->available;
            row.percent = rounded(state.space->percent());
            if (const auto files = state.space->filesPercent()) row.inodesPercent = rounded(*files);
        }
        row.stale = state.unresponsive;
        if (!state.problem.empty()) row.problem = state.problem;
        if (!state.space && state.problem.empty()) row.problem = "it has not answered yet";
        if (state.at != MountState::Clock::time_point{})
            row.checkedAt = timestamp(nowMs - std::chrono::duration_cast<std::chrono::milliseconds>(now - state.at).count());
        rows.push_back(std::move(row));
    }
    return rows;
}

Sampler::Sampler(Host host)
    : host_(host), source_(Source::fromEnvironment(variable)), gpus_(source_),
      prober_([root = source_.root](const std::string& path, Space& space) { return askKernel(root + path, space); }),
      reader_(source_) {}

void Sampler::onSample(std::function<bool()> wanted, std::function<void(const SamplePtr&)> take) {
    wanted_ = std::move(wanted);
    take_ = std::move(take);
}

void Sampler::open() {
    machine_ = readMachine(source_);
    {
        const std::lock_guard lock(reading_);
        counted_ = std::make_unique<CountedInterfaces>(source_.sys,
                                                       host_.setting<std::vector<std::string>>("net_interfaces"));
    }
    {
        const std::lock_guard lock(mutex_);
        ignoredMounts_ = host_.setting<std::vector<std::string>>("mounts_ignore");
    }
    takeReading();
    refreshMounts(kMountAge);
}

void Sampler::close() {
    const std::lock_guard lock(mutex_);
    lastLook_ = {};
}

SamplePtr Sampler::fresh() const {
    const std::lock_guard lock(mutex_);
    return sample_ && Clock::now() - sample_->at < kFresh ? sample_ : nullptr;
}

void Sampler::refreshMounts(std::chrono::milliseconds age) {
    {
        const std::lock_guard lock(mutex_);
        const auto now = Clock::now();
        if (mountsAt_ != Clock::time_point{} && now - mountsAt_ < std::min<std::chrono::milliseconds>(age, kTableAge)) return;
        mountsAt_ = now;
    }
    const auto table = readFile(source_.mountTable(), 4 << 20);
    std::vector<std::string> ignored;
    {
        const std::lock_guard lock(mutex_);
        ignored = ignoredMounts_;
    }
    prober_.refresh(dataMounts(table.value_or(""), ignored), age);
}

std::vector<MountState> Sampler::mounts() {
    refreshMounts(kMountAge);
    prober_.awaitFirst(kFirstMounts);
    return prober_.state();
}

CountersPtr Sampler::takeReading() {
    const std::lock_guard lock(reading_);
    auto now = reader_.read();
    const std::lock_guard inner(mutex_);
    older_ = std::exchange(newer_, now);
    return now;
}

// The younger of the last two readings that is old enough for a share worth showing.
CountersPtr Sampler::baseline() {
    for (;;) {
        std::chrono::milliseconds missing{0};
        {
            const std::lock_guard lock(mutex_);
            const auto now = Clock::now();
            for (const CountersPtr& each : {newer_, older_})
                if (each && now - each->at >= kShortest && now - each->at < kOldest) return each;
            if (newer_ && now - newer_->at < kShortest)
                missing = std::chrono::ceil<std::chrono::milliseconds>(kShortest - (now - newer_->at));
        }
        if (missing == 0ms) {
            takeReading(); // there is none, as after the machine has slept
            missing = kShortest;
        }
        std::this_thread::sleep_for(missing);
    }
}

void Sampler::readSlowThings(Clock::time_point now) {
    if (slowAt_ != Clock::time_point{} && now - slowAt_ < kSlowThings) return;
    slowAt_ = now;
    temperatures_ = readTemperatures(source_.sys);
    frequency_ = meanFrequencyMHz(source_.sys);
    zram_ = zramBytes(source_.sys);
}

std::vector<Temperature> Sampler::temperatures() {
    const std::lock_guard lock(reading_);
    readSlowThings(Clock::now());
    return temperatures_;
}

std::set<std::string, std::less<>> Sampler::countedInterfaces(const Counters& counters) {
    const std::lock_guard lock(reading_);
    return counted_->among(counters.interfaces);
}

void Sampler::fill(CpuStats& cpu, const Rates& rates, const Counters& now) {
    cpu.cores = now.cores.empty() ? machine_.cores : static_cast<unsigned>(now.cores.size());
    cpu.model = machine_.cpuModel;
    for (const double usage : rates.cores) cpu.perCore.push_back(rounded(usage));
    cpu.load.assign(now.load.begin(), now.load.end());
    if (frequency_) cpu.freqMHz = std::round(*frequency_);
    if (const auto celsius = cpuTemperature(temperatures_)) cpu.temperatureC = rounded(*celsius);
    if (!rates.cpu) return;
    cpu.usage = rounded(std::clamp(rates.cpu->usage, 0.0, 100.0));
    cpu.user = rounded(rates.cpu->user);
    cpu.system = rounded(rates.cpu->system);
    cpu.iowait = rounded(rates.cpu->iowait);
    cpu.steal = rounded(rates.cpu->steal);
}

void Sampler::fillDisk(DiskStats& disk, const Rates& rates) {
    disk.mounts = mountRows(prober_.state(), host_.nowMs());
    disk.readBytesPerSec = std::round(rates.disks.readBytesPerSec);
    disk.writeBytesPerSec = std::round(rates.disks.writeBytesPerSec);
    disk.busyPercent = rounded(rates.disks.busyPercent);
    if (disk.mounts.empty()) return;
    const MountStats& first = disk.mounts.front(); // sorted: / before all others
    disk.usedBytes = first.usedBytes;
    disk.totalBytes = first.totalBytes;
    disk.percent = first.percent;
}

// With reading_.
SamplePtr Sampler::sampleSince(const CountersPtr& before) {
    auto sample = std::make_shared<Sample>();
    const CountersPtr now = reader_.read();
    const Rates rates = ratesBetween(*before, *now);
    readSlowThings(now->at);
    Stats& stats = sample->stats;
    sample->at = now->at;
    sample->counters = now;
    fill(stats.cpu, rates, *now);
    if (!now->cpu)
        stats.problems.emplace_back("cpu: " + source_.proc + "/stat cannot be read");
    else if (!stats.cpu.usage)
        stats.problems.emplace_back("cpu: its counters stand still");
    if (now->memory) {
        const MemoryAmounts& memory = *now->memory;
        stats.memory = {memory.used(),    memory.total,     memory.available,
                        memory.free,      memory.cached + memory.buffers + memory.reclaimable,
                        memory.swapTotal - std::min(memory.swapTotal, memory.swapFree),
                        memory.swapTotal, zram_,
                        rounded(static_cast<double>(memory.used()) / static_cast<double>(memory.total) * 100)};
    } else
        stats.problems.emplace_back("memory: " + source_.proc + "/meminfo cannot be read");
    fillDisk(stats.disk, rates);
    if (stats.disk.mounts.empty()) stats.problems.emplace_back("disk: no file system with data is mounted");
    const auto counted = counted_->among(now->interfaces);
    for (const InterfaceRates& each : rates.interfaces) {
        if (!counted.contains(each.name)) continue;
        const auto& c = each.counters;
        stats.network.interfaces.push_back({each.name, std::llround(each.rxBytesPerSec), std::llround(each.txBytesPerSec),
                                            c.rxBytes, c.txBytes, c.rxErrors, c.txErrors, c.rxDropped, c.txDropped});
        stats.network.rxBytesPerSec += stats.network.interfaces.back().rxBytesPerSec;
        stats.network.txBytesPerSec += stats.network.interfaces.back().txBytesPerSec;
    }
    stats.uptime = static_cast<std::int64_t>(now->uptime);
    stats.arch = machine_.arch;
    stats.hostname = machine_.hostname;
    stats.gpu = gpus_.read();
    if (now->cpuStall) stats.pressure.cpu = shown(*now->cpuStall);
    if (now->ioStall) stats.pressure.io = shown(*now->ioStall);
    if (now->memoryStall) stats.pressure.memory = shown(*now->memoryStall);
    sample->id = host_.nowMs();
    stats.sampledSeconds = std::round(std::chrono::duration<double>(now->at - before->at).count() * 1000) / 1000;
    const std::lock_guard lock(mutex_);
    if (sample_) sample->id = std::max(sample->id, sample_->id + 1);
    stats.sampledAt = timestamp(sample->id);
    older_ = std::exchange(newer_, now);
    sample_ = sample;
    return sample;
}

SamplePtr Sampler::look() {
    {
        const std::lock_guard lock(mutex_);
        lastLook_ = Clock::now();
    }
    if (auto sample = fresh()) return sample;
    refreshMounts(kMountAge);
    prober_.awaitFirst(kFirstMounts);
    const CountersPtr before = baseline();
    SamplePtr sample;
    {
        const std::lock_guard lock(reading_);
        sample = fresh(); // of who was faster
        if (!sample) sample = sampleSince(before);
    }
    host_.wake(kSampleTask, kPeriod);
    return sample;
}

void Sampler::wakeUp() { look(); }

void Sampler::sampleTask() {
    const bool listened = wanted_ && wanted_();
    const auto begun = Clock::now();
    CountersPtr before;
    {
        const std::lock_guard lock(mutex_);
        if (!listened && begun - lastLook_ > kKeepsLooking) {
            nextSample_ = {};
            return; // woken again by the next who looks
        }
        if (sample_ && begun - sample_->at < kPeriod / 2) before = nullptr;
        else
            before = sample_ && begun - sample_->at < kOldest ? sample_->counters : newer_;
    }
    refreshMounts(kMountAge);
    if (before && begun > before->at) {
        SamplePtr sample;
        {
            const std::lock_guard lock(reading_);
            sample = sampleSince(before);
        }
        if (take_) take_(sample);
    }
    std::chrono::milliseconds pause{};
    {
        const std::lock_guard lock(mutex_);
        const auto now = Clock::now();
        nextSample_ = nextSample_ == Clock::time_point{} || nextSample_ + kPeriod < now ? now + kPeriod : nextSample_ + kPeriod;
        pause = std::chrono::ceil<std::chrono::milliseconds>(nextSample_ - now);
    }
    host_.wake(kSampleTask, pause);
}

} // namespace talome::system

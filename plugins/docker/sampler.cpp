// CPU is the difference of two readings over the time between them: 100 % is one core, as `docker stats` has it.
#include "sampler.hpp"

#include <cmath>
#include <thread>

namespace talome::docker {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPeriod{1000}, kKeepsLooking{10'000}, kFresh{2500};
constexpr auto kApart = 110ms;      // of two readings on demand
constexpr auto kShortest = 20ms;    // between readings, for a rate worth showing
constexpr auto kEngineLimit = 500ms; // for all that the engine must be asked about
constexpr double kMiB = 1024.0 * 1024.0;

std::int64_t mebibytes(std::uint64_t bytes) { return std::llround(static_cast<double>(bytes) / kMiB); }

} // namespace

std::optional<ContainerStats> statsBetween(const Usage& before, const Usage& now) {
    const auto wall = std::chrono::duration_cast<std::chrono::nanoseconds>(now.at - before.at);
    if (wall < kShortest || now.cpuNs < before.cpuNs) return std::nullopt;
    const double percent = static_cast<double>(now.cpuNs - before.cpuNs) / static_cast<double>(wall.count()) * 100;
    ContainerStats stats;
    stats.cpuPercent = std::round(percent * 10) / 10;
    stats.memoryUsageMb = mebibytes(now.memoryBytes);
    stats.memoryLimitMb = mebibytes(now.memoryLimitBytes);
    stats.networkRxBytes = now.networkRxBytes;
    stats.networkTxBytes = now.networkTxBytes;
    stats.blockReadBytes = now.blockReadBytes;
    stats.blockWriteBytes = now.blockWriteBytes;
    stats.pids = now.pids;
    return stats;
}

Usage usageOf(const engine::Stats& from) {
    Usage usage;
    usage.cpuNs = from.cpu_stats.cpu_usage.total_usage;
    usage.memoryLimitBytes = from.memory_stats.limit.value_or(0);
    const auto details = from.memory_stats.stats.value_or(std::map<std::string, std::uint64_t>{});
    std::uint64_t cache = 0; // version 1 has both names, and the total is the one that counts
    for (const char* name : {"inactive_file", "total_inactive_file"}) {
        if (const auto found = details.find(name); found != details.end()) cache = found->second;
    }
    const std::uint64_t memory = from.memory_stats.usage.value_or(0);
    usage.memoryBytes = memory - std::min(memory, cache);
    for (const auto& [name, network] : from.networks.value_or(std::map<std::string, engine::NetworkStats>{})) {
        usage.networkRxBytes += network.rx_bytes;
        usage.networkTxBytes += network.tx_bytes;
    }
    if (from.blkio_stats) {
        for (const auto& entry : from.blkio_stats->io_service_bytes_recursive.value_or(std::vector<engine::BlockEntry>{})) {
            if (entry.op == "Read" || entry.op == "read") usage.blockReadBytes += entry.value;
            if (entry.op == "Write" || entry.op == "write") usage.blockWriteBytes += entry.value;
        }
    }
    if (from.pids_stats) usage.pids = from.pids_stats->current.value_or(0);
    return usage;
}

// From the kernel's files; from the engine where those are not to be seen, as when talomed is in a container itself.
std::optional<Usage> Sampler::readOne(const ContainerRecord& record, Clock::time_point enough) const {
    if (auto usage = cgroups_.read(record.id, record.pid, record.ownNetwork)) return usage;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(enough - Clock::now());
    if (left <= 0ms) return std::nullopt;
    try {
        const auto answer = client_.get<engine::Stats>({.path = {"containers", record.id, "stats"},
                                                        .query = {{"stream", "false"}, {"one-shot", "true"}},
                                                        .limit = left});
        if (!answer.memory_stats.usage) return std::nullopt; // it has ended meanwhile
        Usage usage = usageOf(answer);
        usage.at = Clock::now();
        return usage;
    } catch (const Error& error) {
        host_.debug("no usage of container " + record.shown.name + ": " + error.what());
        return std::nullopt;
    }
}

UsageMap Sampler::readAll(std::chrono::milliseconds limit) const {
    UsageMap usages;
    const auto enough = Clock::now() + limit;
    for (const RecordPtr& record : cache_.snapshot()->containers) {
        if (!record->running()) continue;
        if (const auto usage = readOne(*record, enough)) usages.emplace(record->id, *usage);
    }
    return usages;
}

SamplesPtr Sampler::publish(const UsageMap& before, UsageMap now) {
    auto samples = std::make_shared<Samples>();
    samples->at = Clock::now();
    for (const auto& [id, usage] : now) {
        const auto earlier = before.find(id);
        if (earlier == before.end()) continue;
        if (const auto stats = statsBetween(earlier->second, usage)) samples->stats.emplace(id, *stats);
    }
    const std::scoped_lock lock(mutex_);
    samples_ = std::move(samples);
    last_ = std::move(now);
    return samples_;
}

bool Sampler::fresh(const SamplesPtr& samples) const { return samples && Clock::now() - samples->at < kFresh; }

SamplesPtr Sampler::latest() const {
    const std::scoped_lock lock(mutex_);
    return fresh(samples_) ? samples_ : nullptr;
}

SamplesPtr Sampler::look() {
    {
        std::unique_lock lock(mutex_);
        lastLook_ = Clock::now();
        if (fresh(samples_)) return samples_;
        if (reading_) {
            done_.wait(lock, [this] { return !reading_; });
            return samples_ ? samples_ : std::make_shared<const Samples>();
        }
        reading_ = true;
    }
    const auto letOthersGo = [this](void*) {
        const std::scoped_lock lock(mutex_);
        reading_ = false;
        done_.notify_all();
    };
    const std::unique_ptr<void, decltype(letOthersGo)> guard(this, letOthersGo);
    const UsageMap first = readAll(kEngineLimit / 2);
    std::this_thread::sleep_for(kApart);
    SamplesPtr samples = publish(first, readAll(kEngineLimit / 2));
    host_.wake(kSampleTask, kPeriod);
    return samples;
}

std::optional<ContainerStats> Sampler::read(const RecordPtr& record) {
    const SamplesPtr samples = look();
    if (const ContainerStats* stats = samples->find(record->id)) return *stats;
    const auto first = readOne(*record, Clock::now() + kEngineLimit);
    if (!first) return std::nullopt;
    std::this_thread::sleep_for(kApart);
    const auto second = readOne(*record, Clock::now() + kEngineLimit);
    return second ? statsBetween(*first, *second) : std::nullopt;
}

void Sampler::sampleTask() {
    UsageMap before;
    {
        const std::scoped_lock lock(mutex_);
        if (Clock::now() - lastLook_ > kKeepsLooking) return; // woken again by the next who looks
        before = last_;
    }
    publish(before, readAll(kEngineLimit));
    host_.wake(kSampleTask, kPeriod);
}

} // namespace talome::docker

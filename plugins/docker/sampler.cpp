// Reads while someone looks. Nothing is read under the lock.
#include "sampler.hpp"

#include "usage_math.hpp"

#include <thread>

namespace talome::docker {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPeriod{1000}, kKeepsLooking{10'000}, kFresh{2500};
constexpr auto kApart = 110ms; // of two readings on demand
constexpr int kTries = 8;
constexpr auto kEngineLimit = 500ms; // for all that the engine must be asked about

} // namespace

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
    const SnapshotPtr snapshot = cache_.snapshot();
    for (const RecordPtr& record : snapshot->containers) {
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

std::optional<ContainerStats> Sampler::read(const std::string& id) {
    const SamplesPtr samples = look();
    if (const ContainerStats* stats = samples->find(id)) return *stats;
    for (int i = 0; i < kTries; ++i) { // one that has just been started has no pid yet, or no files
        const RecordPtr record = cache_.trueSnapshot()->find(id);
        if (!record || !record->running()) return std::nullopt;
        const auto first = readOne(*record, Clock::now() + kEngineLimit);
        std::this_thread::sleep_for(kApart);
        const auto second = readOne(*record, Clock::now() + kEngineLimit);
        if (!first || !second) continue;
        if (const auto stats = statsBetween(*first, *second)) return stats;
    }
    throw Unavailable("what the container uses cannot be read at present");
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

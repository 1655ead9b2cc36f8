// Reads while someone looks. Nothing is read under the lock.
#include "containers/sampler.hpp"

#include "containers/usage_math.hpp"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

namespace talome::docker {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPeriod{1000}, kKeepsLooking{10'000}, kFresh{2500};
constexpr auto kApart = 110ms;        // of two readings on demand
constexpr auto kNewContainer = 900ms; // for one that has just been started to have a pid and files
// Where the kernel's files are not to be seen, the engine is asked, which may take a second for each container.
constexpr std::chrono::milliseconds kEngineWhileWaiting{60}; // somebody waits for a list: little is asked
constexpr std::chrono::milliseconds kEngineInBackground{5000};
constexpr std::chrono::milliseconds kEngineForOne{2000};
constexpr auto kCarriedOver = 30s; // a reading that could not be renewed counts as long

} // namespace

// As when talomed is in a container itself.
std::optional<Usage> Sampler::askEngine(const ContainerRecord& record, Clock::time_point enough) const {
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

// First what costs next to nothing; then the engine, about those whose reading is oldest, until the limit. What was not
// reached keeps the reading that it had.
UsageMap Sampler::readAll(std::chrono::milliseconds limit, const UsageMap& before) const {
    UsageMap usages;
    std::vector<RecordPtr> rest;
    const SnapshotPtr snapshot = cache_.snapshot();
    for (const RecordPtr& record : snapshot->containers) {
        if (!record->running()) continue;
        if (const auto usage = cgroups_.read(record->id, record->pid, record->ownNetwork))
            usages.emplace(record->id, *usage);
        else
            rest.push_back(record);
    }
    const auto readAt = [&](const RecordPtr& record) {
        const auto it = before.find(record->id);
        return it == before.end() ? Clock::time_point{} : it->second.at;
    };
    std::stable_sort(rest.begin(), rest.end(), [&](const auto& a, const auto& b) { return readAt(a) < readAt(b); });
    const auto enough = Clock::now() + limit;
    for (const RecordPtr& record : rest) {
        if (const auto usage = askEngine(*record, enough))
            usages.emplace(record->id, *usage);
        else if (const auto it = before.find(record->id); it != before.end())
            usages.emplace(*it);
    }
    return usages;
}

SamplesPtr Sampler::publish(const UsageMap& before, UsageMap now) {
    auto samples = std::make_shared<Samples>();
    samples->at = Clock::now();
    for (const auto& [id, usage] : now) {
        const auto earlier = before.find(id);
        if (earlier == before.end()) continue;
        if (earlier->second.at == usage.at) { // not read again
            const std::scoped_lock lock(mutex_);
            const bool young = samples_ && samples->at - samples_->at < kCarriedOver;
            const auto* known = young ? samples_->find(id) : nullptr;
            if (known && samples->at - usage.at < kCarriedOver) samples->stats.emplace(id, *known);
        } else if (const auto stats = statsBetween(earlier->second, usage))
            samples->stats.emplace(id, *stats);
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
        if (fresh(samples_)) {
            const SamplesPtr samples = samples_;
            const bool ended = !std::exchange(scheduled_, true);
            lock.unlock();
            if (ended) host_.wake(kSampleTask, kPeriod);
            return samples;
        }
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
    const UsageMap first = readAll(kEngineWhileWaiting, {});
    std::this_thread::sleep_for(kApart);
    UsageMap second = readAll(kEngineWhileWaiting, first);
    SamplesPtr samples = publish(first, std::move(second));
    {
        const std::scoped_lock lock(mutex_);
        scheduled_ = true;
    }
    host_.wake(kSampleTask, kPeriod);
    return samples;
}

std::optional<ContainerStats> Sampler::read(const std::string& id) {
    const SamplesPtr samples = look();
    if (const ContainerStats* stats = samples->find(id)) return *stats;
    const auto readOne = [this](const ContainerRecord& record) {
        auto usage = cgroups_.read(record.id, record.pid, record.ownNetwork);
        return usage ? usage : askEngine(record, Clock::now() + kEngineForOne);
    };
    const auto until = Clock::now() + kNewContainer;
    do {
        const RecordPtr record = cache_.trueSnapshot()->find(id);
        if (!record || !record->running()) return std::nullopt;
        const auto first = readOne(*record);
        std::this_thread::sleep_for(kApart);
        const auto second = readOne(*record);
        if (!first || !second) continue;
        if (const auto stats = statsBetween(*first, *second)) return stats;
    } while (Clock::now() < until);
    throw Unavailable("what the container uses cannot be read at present");
}

void Sampler::sampleTask() {
    try {
        if (sample()) host_.wake(kSampleTask, kPeriod);
    } catch (...) { // the next who looks begins again
        const std::scoped_lock lock(mutex_);
        scheduled_ = false;
        throw;
    }
}

bool Sampler::sample() {
    UsageMap before;
    {
        const std::scoped_lock lock(mutex_);
        scheduled_ = Clock::now() - lastLook_ <= kKeepsLooking;
        if (!scheduled_) return false; // woken again by the next who looks
        before = last_;
    }
    UsageMap now = readAll(kEngineInBackground, before);
    const SamplesPtr samples = publish(before, std::move(now));
    if (show_ && show_(*samples, *cache_.snapshot())) {
        const std::scoped_lock lock(mutex_);
        lastLook_ = Clock::now();
    }
    return true;
}

} // namespace talome::docker

// Nothing is read under mutex_. A reader that comes while another reads waits for that one's sample.
#include "live/sampler.hpp"

#include "live/mount_rows.hpp"
#include "live/timestamp.hpp"

#include <cstdlib>
#include <thread>

namespace talome::system {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPeriod{1000}, kKeepsLooking{10'000}, kFresh{1500};
constexpr auto kShortest = 300ms;          // between two readings, for a share worth showing
constexpr auto kOldest = 30s;              // of a reading that is compared with
constexpr auto kMountAge = 1500ms;         // while somebody looks
constexpr auto kFirstMounts = 150ms, kFirstTemperatures = 150ms; // what has never been read is waited for so long
constexpr std::chrono::milliseconds kTableAge{900}; // between two looks at the mount table

std::optional<std::string> variable(const char* name) {
    const char* value = std::getenv(name);
    if (!value) return std::nullopt;
    return value;
}

} // namespace

Sampler::Sampler(Host host)
    : host_(host), source_(Source::fromEnvironment(variable)),
      prober_([root = source_.root](const std::string& path, Space& space) { return askKernel(root + path, space); }),
      temperatures_([sys = source_.sys](Chips chips) { return readTemperatures(sys, chips); }), stats_(source_), mountWatch_(source_) {}

void Sampler::onSample(std::function<bool()> wanted, std::function<void(const SamplePtr&)> take) {
    wanted_ = std::move(wanted);
    take_ = std::move(take);
}

void Sampler::open() {
    {
        const std::lock_guard lock(reading_);
        stats_.open(host_.setting<std::vector<std::string>>("net_interfaces"));
    }
    {
        const std::lock_guard lock(watching_);
        ignoredMounts_ = host_.setting<std::vector<std::string>>("mounts_ignore");
    }
    takeReading();
    refreshMounts(kMountAge);
    temperatures();
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
    const std::lock_guard lock(watching_);
    const auto now = Clock::now();
    if (mountsAt_ != Clock::time_point{} && now - mountsAt_ < std::min<std::chrono::milliseconds>(age, kTableAge)) return;
    mountsAt_ = now;
    prober_.refresh(mountWatch_.now(ignoredMounts_), age);
}

std::vector<MountState> Sampler::mounts() {
    refreshMounts(kMountAge);
    prober_.awaitFirst(kFirstMounts);
    return prober_.state();
}

CountersPtr Sampler::takeReading() {
    const std::lock_guard lock(reading_);
    auto now = stats_.counters();
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

std::vector<Temperature> Sampler::temperatures() { return temperatures_.look(kFirstTemperatures); }

std::set<std::string, std::less<>> Sampler::countedInterfaces(const Counters& counters) {
    const std::lock_guard lock(reading_);
    return stats_.countedInterfaces(counters);
}

// With reading_.
SamplePtr Sampler::sampleSince(const CountersPtr& before) {
    auto sample = std::make_shared<Sample>();
    const CountersPtr now = stats_.counters();
    sample->at = now->at;
    sample->counters = now;
    const std::int64_t wall = host_.nowMs();
    sample->id = wall;
    sample->stats = stats_.between(*before, *now, mountRows(prober_.state(), wall), temperatures_.look());
    const std::lock_guard lock(mutex_);
    if (sample_) sample->id = std::max(sample->id, sample_->id + 1);
    sample->stats.sampledAt = timestamp(wall);
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

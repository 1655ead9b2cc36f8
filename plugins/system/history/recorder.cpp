#include "history/recorder.hpp"

#include <cmath>

namespace talome::system {

namespace {

constexpr std::chrono::seconds kMountAge{55}; // while nobody looks: once a minute
constexpr double kLongest = 90;               // seconds between two readings: else the machine has slept

} // namespace

void Recorder::recordTask() {
    Recorded now;
    sampler_.refreshMounts(kMountAge);
    now.counters = sampler_.takeReading();
    now.nowMs = host_.nowMs();
    now.temperatures = sampler_.temperatures();
    now.mounts = sampler_.knownMounts();
    const auto counted = sampler_.countedInterfaces(*now.counters);
    {
        const std::lock_guard lock(mutex_);
        const auto before = std::exchange(before_, now.counters);
        if (!before) return; // the first one: there is nothing to compare it with
        now.seconds = std::chrono::duration<double>(now.counters->at - before->at).count();
        if (now.seconds <= 0 || now.seconds > kLongest) return;
        now.rates = ratesBetween(*before, *now.counters);
        for (const InterfaceRates& each : now.rates.interfaces) {
            if (!counted.contains(each.name)) continue;
            now.rxBytesPerSec += std::llround(each.rxBytesPerSec);
            now.txBytesPerSec += std::llround(each.txBytesPerSec);
        }
        gather(now);
        pruneHourly(now.nowMs / 1000);
    }
    if (take_) take_(now);
}

void Recorder::gather(const Recorded& now) {
    const std::int64_t minute = now.nowMs / 60'000 * 60;
    if (minute != gathering_.start()) {
        flush();
        gathering_.begin(minute);
    }
    gathering_.reading();
    const auto hundredths = [](double value) { return std::llround(value * 100); };
    if (now.rates.cpu) gathering_.add(Series::cpu, hundredths(now.rates.cpu->usage));
    if (const auto& memory = now.counters->memory) {
        gathering_.add(Series::memoryUsed, static_cast<std::int64_t>(memory->used()));
        gathering_.add(Series::swapUsed,
                       static_cast<std::int64_t>(memory->swapTotal - std::min(memory->swapTotal, memory->swapFree)));
        gathering_.totals(static_cast<std::int64_t>(memory->total), std::nullopt);
    }
    gathering_.add(Series::networkRx, now.rxBytesPerSec);
    gathering_.add(Series::networkTx, now.txBytesPerSec);
    gathering_.add(Series::load, hundredths(now.counters->load[0]));
    if (const auto celsius = cpuTemperature(now.temperatures)) gathering_.add(Series::temperature, hundredths(*celsius));
    mounts_.clear();
    bool first = true;
    for (const MountState& each : now.mounts) {
        if (!each.space || each.unresponsive || each.space->total == 0) continue;
        mounts_.push_back({each.mount.path, each.mount.source, static_cast<std::int64_t>(each.space->used()),
                           static_cast<std::int64_t>(each.space->available)});
        if (!std::exchange(first, false)) continue;
        gathering_.add(Series::diskUsed, static_cast<std::int64_t>(each.space->used()));
        gathering_.totals(std::nullopt, static_cast<std::int64_t>(each.space->total));
    }
}

void Recorder::flush() {
    if (gathering_.count() == 0) return;
    try {
        store_.write(gathering_.bucket(), mounts_);
    } catch (const Error& error) { // as when the disk is full: that minute is lost, and alerts are judged all the same
        host_.warn("a minute of the history cannot be stored: " + std::string(error.what()));
    }
    gathering_ = Gathering();
}

void Recorder::pruneHourly(std::int64_t now) {
    if (prunedAt_ != 0 && now - prunedAt_ < 3600 && now >= prunedAt_) return;
    prunedAt_ = now;
    try {
        store_.prune(now, host_.setting<int>("metrics_retention_days"));
    } catch (const Error& error) {
        host_.warn("old parts of the history cannot be removed: " + std::string(error.what()));
    }
}

void Recorder::close() {
    const std::lock_guard lock(mutex_);
    flush();
    before_.reset();
}

} // namespace talome::system

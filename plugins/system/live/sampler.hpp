// What the server does at this moment. One sampler serves all who look: it reads every second while somebody has looked
// within the last ten seconds or a stream is open, and sleeps otherwise. Shares and rates are always those of the time
// since a reading of its own, never since the machine started: who comes after a quiet time is shown those since the
// recorder's last reading, which is at most some seconds old, and waits for nothing.
//
// look(), takeReading() on any worker; sampleTask() as a task.
#pragma once

#include "live/stats_reader.hpp"
#include "mounts/mount_prober.hpp"
#include "mounts/mount_watch.hpp"
#include "readings/temperature_watch.hpp"

#include <mutex>
#include <talome/host.hpp>

namespace talome::system {

inline constexpr const char* kSampleTask = "system.sample";

struct Sample {
    std::chrono::steady_clock::time_point at;
    std::int64_t id = 0; ///< for the order: above the one before, and ms since the epoch unless the clock was set back
    Stats stats;
    CountersPtr counters;
};
using SamplePtr = std::shared_ptr<const Sample>;

class Sampler {
public:
    explicit Sampler(Host host);

    void open();  ///< reads the settings and what does not change; a first reading
    void close();

    SamplePtr look(); ///< at most a second and a half old; throws Unavailable if /proc cannot be read
    /// A reading of the counters, which later ones can be compared with.
    CountersPtr takeReading();
    /// Is called with each new sample, on the sampler's thread. `wanted()` true keeps it going. Before open().
    void onSample(std::function<bool()> wanted, std::function<void(const SamplePtr&)> take);
    void wakeUp(); ///< somebody listens

    void sampleTask();

    std::vector<MountState> mounts(); ///< begins to ask those whose answer is old; waits for none
    void refreshMounts(std::chrono::milliseconds age);
    std::vector<MountState> knownMounts() const { return prober_.state(); } ///< as they are known, asking none
    const Machine& machine() const { return stats_.machine(); }
    const Source& source() const { return source_; }
    std::vector<Temperature> temperatures(); ///< at most some seconds old, those of disks some minutes
    GpuReader& gpus() { return stats_.gpus(); }
    std::set<std::string, std::less<>> countedInterfaces(const Counters&);

private:
    using Clock = std::chrono::steady_clock;
    SamplePtr fresh() const;
    SamplePtr sampleSince(const CountersPtr& before);
    CountersPtr baseline();

    const Host host_;
    const Source source_;
    MountProber prober_;
    TemperatureWatch temperatures_;
    std::function<bool()> wanted_;
    std::function<void(const SamplePtr&)> take_;

    std::mutex reading_; // who reads, and what is only read with it
    StatsReader stats_;

    std::mutex watching_; // the mount table, and what belongs to it
    MountWatch mountWatch_;
    std::vector<std::string> ignoredMounts_;
    Clock::time_point mountsAt_{};

    mutable std::mutex mutex_; // all below
    SamplePtr sample_;
    CountersPtr older_, newer_; ///< the last two readings
    Clock::time_point lastLook_{}, nextSample_{};
};

} // namespace talome::system

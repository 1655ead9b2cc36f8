// Reads every ten seconds, whether somebody looks or not, and writes a row each minute. Nothing else runs while nobody
// looks. What it has read is also what alerts are judged by.
#pragma once

#include "history/history_store.hpp"
#include "live/sampler.hpp"

#include <functional>

namespace talome::system {

inline constexpr std::chrono::seconds kRecordEvery{10};

/// One reading, with what happened since the one before.
struct Recorded {
    std::int64_t nowMs = 0;
    double seconds = 0; ///< since the one before
    CountersPtr counters;
    Rates rates;
    std::int64_t rxBytesPerSec = 0, txBytesPerSec = 0;
    std::vector<Temperature> temperatures;
    std::vector<MountState> mounts;
};

/// recordTask() as a task that never overlaps itself.
class Recorder {
public:
    Recorder(Host host, Sampler& sampler, HistoryStore& store) : host_(host), sampler_(sampler), store_(store) {}

    /// Is given each reading. Before the start.
    void onRecorded(std::function<void(const Recorded&)> take) { take_ = std::move(take); }
    void recordTask();
    void close(); ///< writes what has been gathered of the minute that is not over

private:
    void gather(const Recorded&);
    void flush();
    void pruneHourly(std::int64_t now);

    const Host host_;
    Sampler& sampler_;
    HistoryStore& store_;
    std::function<void(const Recorded&)> take_;

    std::mutex mutex_; // all below
    CountersPtr before_;
    Gathering gathering_;
    std::vector<MountHour> mounts_;
    std::int64_t prunedAt_ = 0;
};

} // namespace talome::system

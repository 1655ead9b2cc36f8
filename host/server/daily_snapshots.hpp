// Makes a snapshot of the state once a day. When the last one was made is read from the snapshots themselves, so a
// restart neither loses a day nor makes one more.
#pragma once

#include "host/storage/snapshots.hpp"
#include "host/tasks/pool.hpp"
#include "host/tasks/reactor.hpp"

#include <atomic>
#include <memory>

namespace talome {

/// The next run is at max(now + afterStart, last daily one + every), looked at again every `look` by the clock on the
/// wall, because the timer's does not count while the machine sleeps. One that failed is tried again after `look`.
/// One thread of the pool at a time; the destructor waits for the snapshot that is being made.
class DailySnapshots {
public:
    struct Times {
        std::chrono::milliseconds every = std::chrono::hours(24), afterStart = std::chrono::minutes(5),
                                  look = std::chrono::hours(1);
    };
    DailySnapshots(tasks::Reactor& reactor, tasks::Pool& pool, storage::Snapshots& snapshots,
                   std::function<std::int64_t()> epochMs, Times times);
    ~DailySnapshots();
    DailySnapshots(const DailySnapshots&) = delete;
    DailySnapshots& operator=(const DailySnapshots&) = delete;

private:
    void plan(std::chrono::milliseconds delay);
    void look();
    std::chrono::milliseconds untilDue() const;

    tasks::Reactor& reactor_;
    storage::Snapshots& snapshots_;
    const std::function<std::int64_t()> epochMs_;
    const Times times_;
    const std::shared_ptr<tasks::Strand> strand_;
    std::atomic<std::uint64_t> timer_{0};
    std::atomic<bool> ended_{false};
};

} // namespace talome

// Makes a snapshot of the state once a day.
#include "host/server/daily_snapshots.hpp"

#include "host/log/log.hpp"

#include <algorithm>
#include <malloc.h>

namespace talome {

DailySnapshots::DailySnapshots(tasks::Reactor& reactor, tasks::Pool& pool, storage::Snapshots& snapshots,
                               std::function<std::int64_t()> epochMs, Times times)
    : reactor_(reactor), snapshots_(snapshots), epochMs_(std::move(epochMs)), times_(times),
      strand_(std::make_shared<tasks::Strand>(pool)) {
    plan(times_.afterStart);
}

// The timer runs on the reactor's thread and only posts: once the strand is closed, nothing more happens.
DailySnapshots::~DailySnapshots() {
    ended_ = true;
    reactor_.cancel(timer_);
    strand_->close();
    reactor_.cancel(timer_); // of a look that was under way
}

void DailySnapshots::plan(std::chrono::milliseconds delay) {
    if (ended_) return;
    timer_ = reactor_.at(reactor_.now() + delay, [this, strand = strand_] { strand->post([this] { look(); }); });
}

/// Those from the future do not count: the clock was wrong, then or now.
std::chrono::milliseconds DailySnapshots::untilDue() const {
    using std::chrono::milliseconds;
    const auto now = epochMs_();
    for (const auto& each : snapshots_.list())
        if (each.damaged.empty() && each.manifest.reason == "daily" && each.madeAtMs() <= now)
            return std::max(times_.every - milliseconds(now - each.madeAtMs()), milliseconds(0));
    return milliseconds(0);
}

void DailySnapshots::look() {
    auto next = times_.look;
    try {
        if (untilDue() <= std::chrono::milliseconds(0)) {
            const auto made = snapshots_.create("daily");
            log::info("host", "snapshot " + made.name + " was made");
            ::malloc_trim(0); // what copying took goes back to the system, half a mebibyte and more
        }
        next = std::clamp(untilDue(), std::chrono::milliseconds(1), times_.look);
    } catch (const std::exception& error) {
        log::error("host", std::string("the daily snapshot could not be made: ") + error.what());
    }
    plan(next);
}

} // namespace talome

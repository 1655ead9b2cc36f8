#include "containers/stats_viewers.hpp"

#include <talome/json.hpp>

namespace talome::docker {

namespace {

constexpr std::size_t kMostViewers = 1000;

struct StatsEnd {
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(StatsEnd, (), (reason))

} // namespace

void StatsViewers::add(Exchange& exchange, const std::string& containerId, const ContainerStats& now) {
    const auto viewer = std::make_shared<Viewer>(Viewer{containerId, {}});
    const std::lock_guard lock(mutex_); // its end waits until it is among the others
    if (viewers_.size() >= kMostViewers) throw Limited("too many watch what containers use already");
    const std::uint64_t number = ++last_;
    viewer->stream = exchange.openStream("text/event-stream", {.onEnded = [this, number](Ended) {
                                             std::shared_ptr<Viewer> gone; // let go outside of the lock
                                             const std::lock_guard again(mutex_);
                                             if (auto node = viewers_.extract(number)) gone = std::move(node.mapped());
                                         }});
    viewer->stream.event(toJson(now), "stats");
    viewers_.emplace(number, viewer);
}

bool StatsViewers::any() const {
    const std::lock_guard lock(mutex_);
    return !viewers_.empty();
}

void StatsViewers::show(const Samples& samples, const Snapshot& snapshot) {
    std::vector<std::shared_ptr<Viewer>> viewers;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [number, viewer] : viewers_) viewers.push_back(viewer);
    }
    std::map<std::string_view, std::string> texts; // by container: many may watch one
    for (const auto& viewer : viewers) {
        const RecordPtr record = snapshot.find(viewer->containerId);
        if (!record || !record->running()) {
            const std::string why = snapshot.problem.empty() ? "the container is not running" : snapshot.problem;
            viewer->stream.event(toJson(StatsEnd{why}), "end");
            viewer->stream.close();
        } else if (const ContainerStats* stats = samples.find(viewer->containerId)) {
            std::string& text = texts[viewer->containerId];
            if (text.empty()) text = toJson(*stats);
            viewer->stream.event(text, "stats"); // one who is slow misses this second
        }
    }
}

void StatsViewers::closeAll() {
    std::map<std::uint64_t, std::shared_ptr<Viewer>> all;
    const std::lock_guard lock(mutex_);
    all.swap(viewers_);
}

} // namespace talome::docker

// Those who watch what containers use: an event a second to each, all from the one sampler. show() as a task, add() on a
// worker, the ends on the strand.
#pragma once

#include "containers/container_cache.hpp"
#include "containers/sampler.hpp"

#include <talome/exchange.hpp>

#include <map>
#include <mutex>

namespace talome::docker {

class StatsViewers {
public:
    // Answers the exchange, with `now` as the first event. Throws Limited if there are too many.
    void add(Exchange& exchange, const std::string& containerId, const ContainerStats& now);
    bool any() const;
    // Everybody is shown the newest samples; those whose container runs no more are told so, and are gone.
    void show(const Samples&, const Snapshot&);
    void closeAll(); // in quiesce()

private:
    struct Viewer {
        std::string containerId;
        Stream stream;
    };

    mutable std::mutex mutex_; // all below
    std::map<std::uint64_t, std::shared_ptr<Viewer>> viewers_;
    std::uint64_t last_ = 0;
};

} // namespace talome::docker

// Containers of the cache with what they use, for the lists.
#pragma once

#include "containers/stack_grouping.hpp"
#include "services.hpp"

#include <algorithm>

namespace talome::docker {

// Null if none of them runs: then nobody need look.
inline SamplesPtr samplesOf(Services& services, const std::vector<RecordPtr>& records) {
    const bool any = std::any_of(records.begin(), records.end(), [](const RecordPtr& each) { return each->running(); });
    return any ? services.sampler.look() : nullptr;
}

inline std::vector<Container> withStats(Services& services, const std::vector<RecordPtr>& records) {
    const SamplesPtr samples = samplesOf(services, records);
    std::vector<Container> containers;
    for (const RecordPtr& record : records) {
        containers.push_back(record->shown);
        if (const auto* stats = samples && record->running() ? samples->find(record->id) : nullptr)
            containers.back().stats = *stats;
    }
    return containers;
}

} // namespace talome::docker

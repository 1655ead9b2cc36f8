// What running containers use. One sampler serves all who look: it reads every second while someone has looked within
// the last ten, and sleeps otherwise. Who comes after a quiet time waits for two readings a moment apart; those who
// come meanwhile share them.
//
// look() and read() on any worker; sampleTask() as a task.
#pragma once

#include "containers/cgroup_files.hpp"
#include "containers/container_cache.hpp"
#include "engine/engine_client.hpp"

#include <talome/host.hpp>

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>

namespace talome::docker {

inline constexpr const char* kSampleTask = "docker.sample";

using UsageMap = std::map<std::string, Usage, std::less<>>; // by whole id

struct Samples {
    std::chrono::steady_clock::time_point at;
    std::map<std::string, ContainerStats, std::less<>> stats; // by whole id

    const ContainerStats* find(std::string_view id) const {
        const auto found = stats.find(id);
        return found == stats.end() ? nullptr : &found->second;
    }
};
using SamplesPtr = std::shared_ptr<const Samples>;

class Sampler {
public:
    Sampler(Host host, const EngineClient& client, const ContainerCache& cache)
        : host_(host), client_(client), cache_(cache) {}

    SamplesPtr look();         // never null; at most two and a half seconds old
    SamplesPtr latest() const; // null if the last look is too long ago
    // One container by its whole id, read now if the samples do not have it yet. Nothing if it does not run. Throws
    // Unavailable if the engine is gone, or if nothing can be read.
    std::optional<ContainerStats> read(const std::string& id);

    // Whoever shows samples to others is called with each, as a task, and says whether anybody still looks. Before
    // start(), once.
    using Show = std::function<bool(const Samples&, const Snapshot&)>;
    void onSamples(Show show) { show_ = std::move(show); }

    void sampleTask();

private:
    bool sample(); // false if nobody has looked for a while
    using Clock = std::chrono::steady_clock;

    std::optional<Usage> askEngine(const ContainerRecord&, Clock::time_point enough) const;
    UsageMap readAll(std::chrono::milliseconds limit, const UsageMap& before) const;
    SamplesPtr publish(const UsageMap& before, UsageMap now);
    bool fresh(const SamplesPtr&) const;

    const Host host_;
    const EngineClient& client_;
    const ContainerCache& cache_;
    const CgroupReader cgroups_;
    Show show_;

    mutable std::mutex mutex_; // all below
    std::condition_variable done_;
    bool reading_ = false;   // someone reads after a quiet time
    bool scheduled_ = false; // the task comes again
    SamplesPtr samples_;
    UsageMap last_;
    Clock::time_point lastLook_{};
};

} // namespace talome::docker

// What the groups of operations work with. Each group is one file that declares its operations and holds their
// handlers; plugin.cpp makes them all.
#pragma once

#include "health/health_keeper.hpp"
#include "history/forecast.hpp"
#include "history/recorder.hpp"
#include "live/sampler.hpp"
#include "storage/docker_usage.hpp"
#include "storage/reclaim_plan.hpp"
#include "storage/sizes.hpp"
#include "storage/storage_types.hpp"

#include <memory>
#include <talome/plugin.hpp>

namespace talome::system {

std::vector<ReclaimRule> reclaimRules(const std::string& root); ///< in reclaim.cpp

struct Services {
    explicit Services(const Host& h)
        : host(h), sampler(h), history(h), recorder(h, sampler, history), health(h, sampler), smart(h),
          sizes(h, sampler), dockerUsage(h),
          reclaimable([this] { return findReclaimable(reclaimRules(sampler.source().root), host.nowMs()); }) {}
    Services(const Services&) = delete;

    const Host host;
    Sampler sampler;
    HistoryStore history;
    Recorder recorder;
    HealthKeeper health;
    SmartReader smart;
    Sizes sizes;
    DockerUsageReader dockerUsage;
    ReclaimSearch reclaimable;

    /// Of all file systems, or of one; in metrics.cpp.
    std::vector<Forecast> forecasts(const std::optional<std::string>& mount);
    std::vector<Judged> smartJudged();      ///< in smart.cpp
    ReclaimSummary reclaimSummary();        ///< in reclaim.cpp, as the next
    ReclaimSummary summaryOf(const std::vector<PlannedFile>&, std::chrono::milliseconds wait); ///< for Docker's part
};

class Group {
public:
    virtual ~Group() = default;
    virtual void open() {}     ///< in start()
    virtual void activate() {}
    virtual void close() {}    ///< in quiesce(), and again in stop()
};

std::unique_ptr<Group> stats(Registry&, Services&);
std::unique_ptr<Group> statsStream(Registry&, Services&);
std::unique_ptr<Group> processes(Registry&, Services&);
std::unique_ptr<Group> openMetrics(Registry&, Services&);
std::unique_ptr<Group> metrics(Registry&, Services&);
std::unique_ptr<Group> health(Registry&, Services&);
std::unique_ptr<Group> storage(Registry&, Services&);
std::unique_ptr<Group> folders(Registry&, Services&);
std::unique_ptr<Group> smart(Registry&, Services&);
std::unique_ptr<Group> reclaim(Registry&, Services&);
std::unique_ptr<Group> connectivity(Registry&, Services&);
std::unique_ptr<Group> metricsExport(Registry&, Services&);
std::string duplicateTables(); ///< of folders()

// The flags are declared in plugin.cpp.
inline constexpr Permission kDashboard = flags("dashboard"); ///< figures of the server
inline constexpr Permission kSystem = flags("system");       ///< what is on it: files, disks, processes

} // namespace talome::system

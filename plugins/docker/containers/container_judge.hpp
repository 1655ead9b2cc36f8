// Gathers what the rules of check_rules.hpp judge a container by: from the engine, the sampler, its log, its ports and
// the disks under its mounts. Any worker may call.
#pragma once

#include "containers/check_rules.hpp"
#include "services.hpp"

#include <set>

namespace talome::docker {

enum class Check { flapping, memory, errors, response_time, dependencies, disk, startup };
BOOST_DESCRIBE_ENUM(Check, flapping, memory, errors, response_time, dependencies, disk, startup)

struct CheckMetrics {
    std::optional<double> cpuPercent, memoryPercent;
    std::optional<std::int64_t> memoryUsageMb, memoryLimitMb;
    int restartCount = 0;
};
BOOST_DESCRIBE_STRUCT(CheckMetrics, (), (cpuPercent, memoryPercent, memoryUsageMb, memoryLimitMb, restartCount))

struct CheckReport {
    std::string containerId, name, state;
    bool running = false;
    std::optional<std::string> health; // of its own health check
    Verdict overallStatus = Verdict::healthy;
    std::vector<CheckIssue> issues; // the worst first
    CheckMetrics metrics;
};
BOOST_DESCRIBE_STRUCT(CheckReport, (),
                      (containerId, name, state, running, health, overallStatus, issues, metrics))

class ContainerJudge {
public:
    explicit ContainerJudge(Services& services) : services_(services) {}

    // State and health are always judged; the rest if it is among `checks`, and all of it if that is empty. Throws
    // NotFound, Unavailable.
    CheckReport judge(Call&, const ContainerRecord&, const std::set<Check>& checks) const;

private:
    void addUsage(const ContainerRecord&, CheckedContainer&, CheckMetrics&) const;
    void addLastLines(const ContainerRecord&, bool tty, CheckedContainer&) const;
    void addNeighbours(const ContainerRecord&, CheckedContainer&) const;
    void addAnswers(Call&, const ContainerRecord&, CheckedContainer&) const;
    void addDisks(const engine::InspectedContainer&, CheckedContainer&) const;

    Services& services_;
};

} // namespace talome::docker

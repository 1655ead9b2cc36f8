// GET /api/containers/check: what is wrong with several containers, or with all of them; the worst first.
#include "containers/container_groups.hpp"
#include "containers/container_judge.hpp"
#include "engine/time_spec.hpp"

#include <algorithm>

namespace talome::docker {

namespace {

constexpr std::chrono::seconds kLimit{60};

struct ChecksInput {
    std::optional<std::vector<std::string>> containerIds;
    std::optional<std::vector<Check>> checks;
};
BOOST_DESCRIBE_STRUCT(ChecksInput, (), (containerIds, checks))

struct ChecksSummary {
    int total = 0, critical = 0, degraded = 0, healthy = 0;
    Verdict overallStatus = Verdict::healthy;
};
BOOST_DESCRIBE_STRUCT(ChecksSummary, (), (total, critical, degraded, healthy, overallStatus))

struct ChecksReport {
    std::string scannedAt;
    std::vector<Check> checksRun;
    ChecksSummary summary;
    std::vector<CheckReport> reports;
    std::vector<std::string> unchecked; // names: the time was over
};
BOOST_DESCRIBE_STRUCT(ChecksReport, (), (scannedAt, checksRun, summary, reports, unchecked))

class ContainerChecks : public Group {
public:
    ContainerChecks(Registry& registry, Services& services) : services_(services), judge_(services) {
        registry.needs(TALOME_FETCH);
        registry
            .operation("containers.checkAll", "Says what is wrong with several containers, or with all", kApps, Tier::read,
                       this, &ContainerChecks::check)
            .route("GET", "/api/containers/check")
            .tool("analyze_service_health", "What is wrong with several containers, or with all of them, the worst first")
            .input("containerIds", "Ids, starts of ids, or names; left out: all", items(1, 200))
            .input("containerIds[]", "Id, start of an id, or name", pattern(kContainerPattern))
            .input("checks", "Only these, besides state and health; left out: all", items(1, 7))
            .timeLimit(kLimit + std::chrono::seconds(30));
    }

    ChecksReport check(Call& call, const ChecksInput& input) {
        std::set<Check> checks;
        for (const Check each : input.checks.value_or(std::vector<Check>{})) checks.insert(each);
        ChecksReport report;
        report.scannedAt = isoTime(services_.host.nowMs() / 1000);
        for (const Check each : {Check::flapping, Check::memory, Check::errors, Check::response_time, Check::dependencies, Check::disk, Check::startup})
            if (checks.empty() || checks.contains(each)) report.checksRun.push_back(each);
        const auto enough = std::chrono::steady_clock::now() + kLimit;
        for (const RecordPtr& container : containersOf(input)) {
            if (call.cancelled()) throw Cancelled("the caller has left");
            if (std::chrono::steady_clock::now() > enough) {
                report.unchecked.push_back(container->shown.name);
                continue;
            }
            try {
                report.reports.push_back(judge_.judge(call, *container, checks));
            } catch (const NotFound&) { // gone meanwhile
            } catch (const Unavailable&) {
                throw;
            } catch (const Cancelled&) {
                throw;
            } catch (const Error& error) { // the others are judged all the same
                services_.host.warn("container " + container->shown.name + " cannot be checked: " + error.what());
                report.unchecked.push_back(container->shown.name);
            }
        }
        std::stable_sort(report.reports.begin(), report.reports.end(),
                         [](const CheckReport& a, const CheckReport& b) { return a.overallStatus > b.overallStatus; });
        summarize(report);
        return report;
    }

private:
    // Each once, however often it was named.
    std::vector<RecordPtr> containersOf(const ChecksInput& input) {
        if (!input.containerIds) return services_.cache.trueSnapshot()->containers;
        std::vector<RecordPtr> containers;
        for (const std::string& ref : *input.containerIds) {
            const RecordPtr container = services_.keeper.resolve(ref);
            const auto same = [&](const RecordPtr& each) { return each->id == container->id; };
            if (std::none_of(containers.begin(), containers.end(), same)) containers.push_back(container);
        }
        return containers;
    }

    static void summarize(ChecksReport& report) {
        ChecksSummary& summary = report.summary;
        for (const CheckReport& each : report.reports) {
            ++summary.total;
            ++(each.overallStatus == Verdict::critical   ? summary.critical
               : each.overallStatus == Verdict::degraded ? summary.degraded
                                                         : summary.healthy);
            summary.overallStatus = std::max(summary.overallStatus, each.overallStatus);
        }
    }

    Services& services_;
    ContainerJudge judge_;
};

} // namespace

std::unique_ptr<Group> containerChecks(Registry& registry, Services& services) {
    return std::make_unique<ContainerChecks>(registry, services);
}

} // namespace talome::docker

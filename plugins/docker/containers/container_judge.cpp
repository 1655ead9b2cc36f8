#include "containers/container_judge.hpp"

#include "containers/log_reader.hpp"
#include "containers/mount_table.hpp"
#include "engine/time_spec.hpp"

#include <talome/fetch.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sys/statvfs.h>

namespace talome::docker {

namespace {

using namespace std::chrono_literals;

constexpr const char* kLines = "80";
constexpr std::size_t kLongestLine = 2000;
constexpr std::int64_t kMiB = 1 << 20;
constexpr std::size_t kPorts = 2;
constexpr auto kAnswerLimit = 6s;

std::int64_t sinceMs(std::chrono::steady_clock::time_point begun) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun).count();
}

} // namespace

CheckReport ContainerJudge::judge(Call& call, const ContainerRecord& record, const std::set<Check>& checks) const {
    const auto wanted = [&](Check check) { return checks.empty() || checks.contains(check); };
    const auto inspected = services_.client.get<engine::InspectedContainer>({.path = {"containers", record.id, "json"}});
    CheckReport report{.containerId = record.shown.id,
                       .name = record.shown.name,
                       .state = inspected.State_.Status,
                       .running = inspected.State_.Pid != 0,
                       .health = {},
                       .overallStatus = Verdict::healthy,
                       .issues = {},
                       .metrics = {}};
    if (inspected.State_.Health_ && inspected.State_.Health_->Status != "none") report.health = inspected.State_.Health_->Status;
    CheckedContainer is;
    is.state = report.state;
    is.health = report.health.value_or("");
    is.restartCount = report.metrics.restartCount = inspected.RestartCount;
    is.exitCode = inspected.State_.ExitCode;
    if (report.running) {
        const std::int64_t now = services_.host.nowMs();
        if (const auto started = parseInstant(inspected.State_.StartedAt, now))
            is.upSeconds = std::max<std::int64_t>(now / 1000 - started->seconds, 0);
        if (wanted(Check::memory)) addUsage(record, is, report.metrics);
        if (wanted(Check::response_time) && is.state == "running") addAnswers(call, record, is);
        if (wanted(Check::disk)) addDisks(inspected, is);
    }
    if (wanted(Check::errors)) addLastLines(record, inspected.Config_.Tty, is);
    if (wanted(Check::dependencies)) addNeighbours(record, is);
    report.issues = checkContainer(is);
    std::erase_if(report.issues, [&](const CheckIssue& issue) {
        return (issue.category == "flapping" && !wanted(Check::flapping)) || (issue.category == "startup" && !wanted(Check::startup));
    });
    report.overallStatus = verdictOf(report.issues);
    return report;
}

void ContainerJudge::addUsage(const ContainerRecord& record, CheckedContainer& is, CheckMetrics& metrics) const {
    std::optional<ContainerStats> stats;
    try {
        stats = services_.sampler.read(record.id);
    } catch (const Unavailable& error) { // the rest can be judged all the same
        services_.host.debug("no usage of container " + record.shown.name + ": " + error.what());
    }
    if (!stats) return; // or it has ended meanwhile
    metrics.cpuPercent = stats->cpuPercent;
    metrics.memoryUsageMb = stats->memoryUsageMb;
    metrics.memoryLimitMb = stats->memoryLimitMb;
    is.memoryBytes = stats->memoryUsageMb * kMiB;
    is.memoryLimitBytes = stats->memoryLimitMb * kMiB;
    if (stats->memoryLimitMb > 0)
        metrics.memoryPercent = 100.0 * static_cast<double>(stats->memoryUsageMb) / static_cast<double>(stats->memoryLimitMb);
}

void ContainerJudge::addLastLines(const ContainerRecord& record, bool tty, CheckedContainer& is) const {
    LogReader reader(tty, false, [&](const LogLine& line) { is.lastLines.emplace_back(line.text.substr(0, kLongestLine)); });
    try {
        services_.client.stream({.path = {"containers", record.id, "logs"},
                                 .query = {{"stdout", "1"}, {"stderr", "1"}, {"tail", kLines}},
                                 .limit = 5s},
                                [&](std::string_view bytes) { reader.feed(bytes); });
        reader.finish();
    } catch (const Unavailable&) {
        throw;
    } catch (const Error& error) { // a log driver that cannot be read
        services_.host.debug("no log of container " + record.shown.name + ": " + error.what());
    }
}

void ContainerJudge::addNeighbours(const ContainerRecord& record, CheckedContainer& is) const {
    if (!record.shown.compose) return;
    const SnapshotPtr snapshot = services_.cache.snapshot();
    for (const RecordPtr& each : snapshot->containers) {
        const auto& compose = each->shown.compose;
        if (each->id == record.id || !compose || compose->oneOff || compose->project != record.shown.compose->project) continue;
        if (each->shown.status != ContainerStatus::running) is.stoppedNeighbours.push_back(each->shown.name);
    }
}

// A port that refuses, or that speaks no HTTP, says nothing.
void ContainerJudge::addAnswers(Call& call, const ContainerRecord& record, CheckedContainer& is) const {
    const EngineAddress& engine = services_.client.address();
    const bool six = engine.host.find(':') != std::string::npos;
    const std::string machine = engine.host.empty() ? "127.0.0.1" : six ? "[" + engine.host + "]" : engine.host;
    for (const Port& port : record.shown.ports) {
        if (port.protocol != "tcp") continue;
        if (is.answers.size() == kPorts) break;
        const auto begun = std::chrono::steady_clock::now();
        PortAnswer answer{port.host, std::nullopt, false};
        try {
            const FetchRequest request{.url = "http://" + machine + ":" + std::to_string(port.host) + "/",
                                       .lan = true,
                                       .loopback = true,
                                       .redirects = false,
                                       .total = kAnswerLimit};
            fetchInto(services_.host, &call, request,
                      {.onHead = [&](const FetchHead&) { answer.ms = sinceMs(begun); }, .onData = [](std::string_view) { return false; }});
        } catch (const Timeout&) {
            answer.timedOut = !answer.ms;
        } catch (const Error& error) {
            services_.host.debug("port " + std::to_string(port.host) + " of container " + record.shown.name + ": " + error.what());
        }
        is.answers.push_back(answer);
    }
}

// Of this machine's own disks only: no other could be asked without waiting for another machine.
void ContainerJudge::addDisks(const engine::InspectedContainer& inspected, CheckedContainer& is) const {
    if (services_.client.address().socket.empty()) return;
    std::ifstream file("/proc/self/mountinfo");
    const std::string table{std::istreambuf_iterator<char>(file), {}};
    for (const auto& mount : inspected.Mounts.value_or(std::vector<engine::Mount>{})) {
        if (!mount.Source.starts_with('/') || !isLocalDisk(fileSystemOf(table, mount.Source))) continue;
        struct statvfs space {};
        if (::statvfs(mount.Source.c_str(), &space) != 0 || space.f_blocks == 0) continue; // not ours to see
        const auto used = static_cast<double>(space.f_blocks - space.f_bfree);
        const auto all = used + static_cast<double>(space.f_bavail);
        if (all > 0) is.disks.push_back({mount.Destination, 100.0 * used / all});
    }
}

} // namespace talome::docker

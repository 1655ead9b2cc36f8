// What is wrong with a container, judged by its state, its use of memory, its last lines and its neighbours. Pure.
#pragma once

#include <talome/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talome::docker {

enum class Severity { info, warning, critical };
BOOST_DESCRIBE_ENUM(Severity, info, warning, critical)
enum class Verdict { healthy, degraded, critical };
BOOST_DESCRIBE_ENUM(Verdict, healthy, degraded, critical)

struct CheckIssue {
    Severity severity = Severity::info;
    std::string category; // state, health, flapping, startup, memory, errors, response_time, dependencies, disk
    std::string title, detail, remediation;
};
BOOST_DESCRIBE_STRUCT(CheckIssue, (), (severity, category, title, detail, remediation))

// What a published port gave for GET /; neither a time nor timedOut: it refused, or speaks no HTTP.
struct PortAnswer {
    int port = 0;
    std::optional<std::int64_t> ms;
    bool timedOut = false;
};
struct MountedDisk {
    std::string path; // in the container
    double usedPercent = 0;
};

struct CheckedContainer {
    std::string state;  // the engine's own word
    std::string health; // of its own health check; empty: it has none
    int restartCount = 0, exitCode = 0;
    std::optional<std::int64_t> upSeconds; // while it runs
    std::optional<std::int64_t> memoryBytes, memoryLimitBytes;
    std::vector<std::string> lastLines;        // of its log
    std::vector<std::string> stoppedNeighbours; // of the same compose project
    std::vector<PortAnswer> answers;
    std::vector<MountedDisk> disks; // under its mounts
};

std::vector<CheckIssue> checkContainer(const CheckedContainer&);
Verdict verdictOf(const std::vector<CheckIssue>&); // degraded: something is a warning

} // namespace talome::docker

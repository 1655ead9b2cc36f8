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
    std::string category; // state, health, flapping, startup, memory, errors, dependencies
    std::string title, detail, remediation;
};
BOOST_DESCRIBE_STRUCT(CheckIssue, (), (severity, category, title, detail, remediation))

struct CheckedContainer {
    std::string state;  // the engine's own word
    std::string health; // of its own health check; empty: it has none
    int restartCount = 0, exitCode = 0;
    std::optional<std::int64_t> upSeconds; // while it runs
    std::optional<std::int64_t> memoryBytes, memoryLimitBytes;
    std::vector<std::string> lastLines;        // of its log
    std::vector<std::string> stoppedNeighbours; // of the same compose project
};

std::vector<CheckIssue> checkContainer(const CheckedContainer&);
Verdict verdictOf(const std::vector<CheckIssue>&); // degraded: something is a warning

} // namespace talome::docker

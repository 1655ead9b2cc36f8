#include "containers/check_rules.hpp"

#include <algorithm>
#include <array>

namespace talome::docker {

namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;
constexpr std::int64_t kBelievedLimit = 32 * kGiB; // above it, the limit is the machine itself

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

// As a word of its own, so that "0 errors", "errorless" and "no error" are not counted.
bool hasWord(const std::string& line, std::string_view word) {
    for (auto at = line.find(word); at != std::string::npos; at = line.find(word, at + 1)) {
        const bool begins = at == 0 || !isLetter(line[at - 1]);
        const auto end = at + word.size();
        const bool ends = end == line.size() || !isLetter(line[end]);
        const std::string_view before = std::string_view(line).substr(0, at);
        const bool denied = before.ends_with("no ") || before.ends_with(" 0 ") || before == "0 ";
        if (begins && ends && !denied) return true;
    }
    return false;
}

template <std::size_t N> bool hasAny(const std::string& line, const std::array<std::string_view, N>& words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return hasWord(line, word); });
}

constexpr std::array<std::string_view, 4> kOutOfMemory{"out of memory", "oom-killed", "oomkilled", "cannot allocate memory"};
constexpr std::array<std::string_view, 6> kErrors{"error", "fatal", "panic", "exception", "critical", "traceback"};

using Issues = std::vector<CheckIssue>;

void checkState(const CheckedContainer& is, Issues& issues) {
    if (is.state == "exited" || is.state == "dead") {
        const bool failed = is.exitCode != 0;
        issues.push_back({failed ? Severity::critical : Severity::warning, "state", "It does not run",
                          "It ended with exit code " + std::to_string(is.exitCode) + ".",
                          failed ? "Read the end of its log, then start it." : "Start it if it should run."});
    } else if (is.state == "paused") {
        issues.push_back({Severity::warning, "state", "It is paused", "Its processes are held.", "Unpause it."});
    }
    if (is.health == "unhealthy")
        issues.push_back({Severity::critical, "health", "Its health check fails", "The check that its image brings fails.",
                          "Read its log; restart it if it does not recover."});
}

void checkFlapping(const CheckedContainer& is, Issues& issues) {
    const std::string times = "The engine has started it again " + std::to_string(is.restartCount) + " times.";
    const std::string advice = "Read the end of its log: it ends soon after each start.";
    if (is.state == "restarting")
        issues.push_back({Severity::critical, "flapping", "It is about to be started again", times, advice});
    else if (is.restartCount >= 10)
        issues.push_back({Severity::critical, "flapping", "It ends again and again", times, advice});
    else if (is.restartCount >= 3)
        issues.push_back({Severity::warning, "flapping", "It has ended several times", times, advice});
}

void checkStartup(const CheckedContainer& is, Issues& issues) {
    if (is.state == "created")
        issues.push_back({Severity::warning, "startup", "It was never started", "It was made, and not started.", "Start it."});
    if (!is.upSeconds) return;
    if (*is.upSeconds < 90 && is.restartCount > 0)
        issues.push_back({Severity::warning, "startup", "It has just been started again",
                          "It runs for " + std::to_string(*is.upSeconds) + " s.", "See whether it stays up."});
    else if (*is.upSeconds > 3600 && is.restartCount >= 5)
        issues.push_back({Severity::info, "startup", "It has calmed down",
                          "It runs for an hour, after " + std::to_string(is.restartCount) + " restarts.", ""});
}

void checkMemory(const CheckedContainer& is, Issues& issues) {
    if (!is.memoryBytes || !is.memoryLimitBytes || *is.memoryLimitBytes <= 0 || *is.memoryLimitBytes > kBelievedLimit) return;
    const double percent = 100.0 * static_cast<double>(*is.memoryBytes) / static_cast<double>(*is.memoryLimitBytes);
    if (percent <= 80) return;
    issues.push_back({percent > 92 ? Severity::critical : Severity::warning, "memory", "Its memory is nearly used up",
                      "It uses " + std::to_string(static_cast<int>(percent)) + " % of what it may.", "Raise its limit."});
}

void checkErrors(const CheckedContainer& is, Issues& issues) {
    std::size_t errors = 0;
    bool outOfMemory = false;
    for (const std::string& each : is.lastLines) {
        const std::string line = lower(each);
        outOfMemory = outOfMemory || hasAny(line, kOutOfMemory);
        errors += hasAny(line, kErrors);
    }
    if (outOfMemory)
        issues.push_back({Severity::critical, "errors", "It ran out of memory", "Its log says so.", "Raise its limit."});
    const std::string count = std::to_string(errors) + " of its last " + std::to_string(is.lastLines.size()) + " lines tell of errors.";
    const bool many = errors > 15 || (errors > 4 && errors * 10 > is.lastLines.size() * 3);
    if (many)
        issues.push_back({Severity::critical, "errors", "Its log is full of errors", count, "Read its log."});
    else if (errors > 4)
        issues.push_back({Severity::warning, "errors", "Its log tells of errors", count, "Read its log."});
}

void checkDependencies(const CheckedContainer& is, Issues& issues) {
    if (is.stoppedNeighbours.empty()) return;
    std::string names;
    for (const std::string& name : is.stoppedNeighbours) names += (names.empty() ? "" : ", ") + name;
    issues.push_back({Severity::warning, "dependencies", "Others of its project do not run", names, "Start them."});
}

void checkAnswers(const CheckedContainer& is, Issues& issues) {
    for (const PortAnswer& answer : is.answers) {
        const std::string port = "Port " + std::to_string(answer.port);
        if (answer.timedOut)
            issues.push_back({Severity::critical, "response_time", "It does not answer", port + " gave no answer in time.", "Read its log; restart it."});
        else if (answer.ms.value_or(0) > 1500)
            issues.push_back({*answer.ms > 3000 ? Severity::critical : Severity::warning, "response_time", "It answers slowly",
                              port + " took " + std::to_string(*answer.ms) + " ms.", "See what it, or this machine, is busy with."});
    }
}

void checkDisks(const CheckedContainer& is, Issues& issues) {
    for (const MountedDisk& disk : is.disks) {
        if (disk.usedPercent <= 80) continue;
        issues.push_back({disk.usedPercent > 92 ? Severity::critical : Severity::warning, "disk", "A disk that it uses is nearly full",
                          "The one under " + disk.path + " is full to " + std::to_string(static_cast<int>(disk.usedPercent)) + " %.",
                          "Make room on it."});
    }
}

} // namespace

std::vector<CheckIssue> checkContainer(const CheckedContainer& is) {
    Issues issues;
    checkState(is, issues);
    checkFlapping(is, issues);
    checkStartup(is, issues);
    checkMemory(is, issues);
    checkErrors(is, issues);
    checkAnswers(is, issues);
    checkDependencies(is, issues);
    checkDisks(is, issues);
    std::stable_sort(issues.begin(), issues.end(), [](const CheckIssue& a, const CheckIssue& b) { return a.severity > b.severity; });
    return issues;
}

Verdict verdictOf(const std::vector<CheckIssue>& issues) {
    Verdict verdict = Verdict::healthy;
    for (const CheckIssue& each : issues) {
        if (each.severity == Severity::critical) return Verdict::critical;
        if (each.severity == Severity::warning) verdict = Verdict::degraded;
    }
    return verdict;
}

} // namespace talome::docker

// The last line that tells of a known cause counts: what a program says last is mostly why it ended.
#include "containers/failure_reason.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <memory>

namespace talome::docker {

namespace {

struct Sign {
    FailureKind kind;
    const char* expression;
};
constexpr Sign kSigns[] = {
    {FailureKind::portInUse, R"((?i)address already in use|port is already allocated|EADDRINUSE)"},
    {FailureKind::outOfMemory, R"((?i)out of memory|cannot allocate memory|OutOfMemoryError|std::bad_alloc)"},
    {FailureKind::noSpace, R"((?i)no space left on device|ENOSPC|disk quota exceeded)"},
    {FailureKind::wrongPlatform, R"((?i)exec format error)"},
    {FailureKind::missingProgram, R"((?i)executable file not found|: not found$|command not found|stat \S+: no such file or directory: unknown)"},
    {FailureKind::permissionDenied, R"((?i)permission denied|EACCES|operation not permitted|EPERM)"},
    {FailureKind::missingFile, R"((?i)no such file or directory|ENOENT)"},
    {FailureKind::unknownHost, R"((?i)name or service not known|temporary failure in name resolution|no such host|ENOTFOUND|EAI_AGAIN|could not resolve host)"},
    {FailureKind::connectionRefused, R"((?i)connection refused|ECONNREFUSED)"},
    {FailureKind::crashed, R"((?i)segmentation fault|core dumped|^panic: )"},
};

// A name in capitals which is said to be missing, or one that a shell says so of.
constexpr const char* kVariables[] = {
    R"(\b([A-Z][A-Z0-9_]{2,})\b["'`]? (?:environment variable |variable |env var )?(?:is|was|must be|needs to be|has to be) (?:not set|not defined|unset|undefined|missing|empty|required|set|defined|provided|specified))",
    R"((?i:missing|required|requires|need to set|must set|must specify|undefined|not set|please set)(?i: the| required| mandatory| following| environment| env| variables?| vars?)*:? ["'`]?\$?([A-Z][A-Z0-9_]{2,})\b)",
    R"(\b([A-Za-z_][A-Za-z0-9_]*): (?:unbound variable|parameter not set|parameter null or not set))",
};

struct Expressions {
    std::vector<std::pair<FailureKind, std::unique_ptr<re2::RE2>>> signs;
    std::vector<std::unique_ptr<re2::RE2>> variables;

    Expressions() {
        for (const Sign& sign : kSigns) signs.emplace_back(sign.kind, std::make_unique<re2::RE2>(sign.expression));
        for (const char* expression : kVariables) variables.push_back(std::make_unique<re2::RE2>(expression));
    }
};

// Words in capitals that are said to be missing, and are no variables.
bool isWord(const std::string& name) {
    constexpr std::array kWords{"ERROR", "WARN", "WARNING", "INFO", "DEBUG", "FATAL", "NOTICE", "API", "URL", "HTTP", "HTTPS", "SSL", "TLS", "JSON", "YAML"};
    return std::find(kWords.begin(), kWords.end(), name) != kWords.end();
}

void addVariables(const Expressions& known, const std::string& line, FailureReason& reason) {
    for (const auto& expression : known.variables) {
        re2::StringPiece rest(line);
        std::string name;
        while (re2::RE2::FindAndConsume(&rest, *expression, &name)) {
            if (isWord(name) || std::find(reason.variables.begin(), reason.variables.end(), name) != reason.variables.end()) continue;
            reason.variables.push_back(name);
            reason.context = line;
        }
    }
}

std::string suggestion(const FailureReason& reason, int exitCode) {
    switch (reason.kind) {
    case FailureKind::outOfMemory:
        return "Raise its memory limit, or let it do less at once.";
    case FailureKind::missingVariable: {
        std::string names;
        for (const std::string& name : reason.variables) names += (names.empty() ? "" : ", ") + name;
        return "Set " + names + " in its environment, then make it anew.";
    }
    case FailureKind::portInUse:
        return "Publish another port, or stop what uses this one.";
    case FailureKind::missingProgram:
        return "The image does not hold the program that it is to run: look at its command and entry point.";
    case FailureKind::wrongPlatform:
        return "The image is for another kind of processor: take one for this machine.";
    case FailureKind::permissionDenied:
        return "Let the user that it runs as own its folders, or may read and write them.";
    case FailureKind::missingFile:
        return "Look whether each file and folder that it mounts is there.";
    case FailureKind::noSpace:
        return "Make room on the disk.";
    case FailureKind::unknownHost:
        return "Look whether the other service runs, and whether both are in one network.";
    case FailureKind::connectionRefused:
        return "Look whether the service that it needs runs and is ready.";
    case FailureKind::crashed:
        return "Its program crashed: try another version of the image.";
    case FailureKind::failed:
        break;
    }
    if (exitCode == 137) return "It was killed: from outside, or for want of memory.";
    return "Read the end of its log.";
}

} // namespace

FailureReason explainFailure(const FailedRun& run) {
    static const Expressions known;
    FailureReason reason;
    std::vector<std::string> lines = run.lastLines;
    if (!run.engineWords.empty()) lines.push_back(run.engineWords);
    for (const std::string& line : lines) addVariables(known, line, reason);
    if (run.oom) {
        reason.kind = FailureKind::outOfMemory;
        reason.variables.clear();
    } else if (!reason.variables.empty()) {
        reason.kind = FailureKind::missingVariable;
    } else {
        for (auto line = lines.rbegin(); line != lines.rend() && reason.kind == FailureKind::failed; ++line) {
            const auto sign = std::find_if(known.signs.begin(), known.signs.end(),
                                           [&](const auto& each) { return re2::RE2::PartialMatch(*line, *each.second); });
            if (sign == known.signs.end()) continue;
            reason.kind = sign->first;
            reason.context = *line;
        }
        if (reason.kind == FailureKind::failed && run.exitCode == 139) reason.kind = FailureKind::crashed;
        if (reason.kind == FailureKind::failed && (run.exitCode == 126 || run.exitCode == 127)) reason.kind = FailureKind::missingProgram;
    }
    reason.suggestion = suggestion(reason, run.exitCode);
    return reason;
}

} // namespace talome::docker

// Why a container ended or could not start, as far as its exit code, the engine's words and its last lines tell. Pure.
#pragma once

#include <talome/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace talome::docker {

enum class FailureKind {
    outOfMemory,
    missingVariable,
    portInUse,
    missingProgram,
    wrongPlatform,
    permissionDenied,
    missingFile,
    noSpace,
    unknownHost,
    connectionRefused,
    crashed,
    failed
};
BOOST_DESCRIBE_ENUM(FailureKind, outOfMemory, missingVariable, portInUse, missingProgram, wrongPlatform, permissionDenied,
                    missingFile, noSpace, unknownHost, connectionRefused, crashed, failed)

struct FailureReason {
    FailureKind kind = FailureKind::failed;
    std::string context;                // the line that tells of it; empty: none does
    std::vector<std::string> variables; // missingVariable: their names
    std::string suggestion;
};

struct FailedRun {
    int exitCode = 0;
    bool oom = false;
    std::string engineWords;            // why it could not start; empty: it did
    std::vector<std::string> lastLines; // of its log
};

FailureReason explainFailure(const FailedRun&);

} // namespace talome::docker

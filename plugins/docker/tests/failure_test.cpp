#include "containers/failure_reason.hpp"

#include <doctest/doctest.h>

using namespace talome::docker;

namespace {

FailureReason of(std::vector<std::string> lines, int exitCode = 1) { return explainFailure({exitCode, false, {}, std::move(lines)}); }

std::string kindOf(const char* line) { return talome::toJson(of({"Starting.", line}).kind); }

} // namespace

TEST_CASE("the cause is read from the last line that tells one") {
    struct Row {
        const char* line;
        const char* kind;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"listen tcp :80: bind: address already in use", "portInUse"},
             {"driver failed programming external connectivity: Bind for 0.0.0.0:8090 failed: port is already allocated", "portInUse"},
             {"java.lang.OutOfMemoryError: Java heap space", "outOfMemory"},
             {"write /data/x: no space left on device", "noSpace"},
             {"exec /entry: exec format error", "wrongPlatform"},
             {R"(exec: "/nonesuch": executable file not found in $PATH: unknown)", "missingProgram"},
             {"/entry.sh: line 3: jq: command not found", "missingProgram"},
             {"open /config/app.db: permission denied", "permissionDenied"},
             {"Error: ENOENT: no such file or directory, open '/config/a'", "missingFile"},
             {"dial tcp: lookup db on 127.0.0.11:53: no such host", "unknownHost"},
             {"connect ECONNREFUSED 172.18.0.2:5432", "connectionRefused"},
             {"panic: runtime error: index out of range", "crashed"},
             {"it is a nice day", "failed"}}) {
        CHECK(kindOf(row.line) == "\"" + std::string(row.kind) + "\"");
    }
    const auto last = of({"permission denied", "listen: address already in use"});
    CHECK((last.kind == FailureKind::portInUse && last.context == "listen: address already in use"));
    CHECK(of({}, 139).kind == FailureKind::crashed);
    CHECK(of({}, 127).kind == FailureKind::missingProgram);
    CHECK(explainFailure({137, true, {}, {"MY_KEY is not set"}}).kind == FailureKind::outOfMemory);
    CHECK(explainFailure({0, false, "port is already allocated", {}}).kind == FailureKind::portInUse);
}

TEST_CASE("variables that are missing are named") {
    using Names = std::vector<std::string>;
    CHECK(of({"error: DATABASE_URL is not set"}).variables == Names{"DATABASE_URL"});
    CHECK(of({"Environment variable \"APP_KEY\" is required"}).variables == Names{"APP_KEY"});
    CHECK(of({"Missing required environment variable: DEV_TOKEN_NAME"}).variables == Names{"DEV_TOKEN_NAME"});
    CHECK(of({"/start.sh: 4: SECRET_BASE: parameter not set"}).variables == Names{"SECRET_BASE"});
    CHECK(of({"sh: my_var: unbound variable"}).variables == Names{"my_var"});
    CHECK(of({"POSTGRES_PASSWORD must be set", "PUID is missing", "PUID is missing"}).variables == Names{"POSTGRES_PASSWORD", "PUID"});
    CHECK(of({"DATABASE_URL is not set"}).kind == FailureKind::missingVariable);
    CHECK(of({"DATABASE_URL is not set"}).suggestion.find("DATABASE_URL") != std::string::npos);
    for (const char* none : {"DEVICE found", "the ERROR is missing", "Missing JSON", "LISTENING on 80", "all variables are set"})
        CHECK(of({none}).variables.empty());
}

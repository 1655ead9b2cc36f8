// talomectl audit verify: asks the server, or reads the files of one that does not run.
#include "host/audit/verify.hpp"
#include "host/auth/secret.hpp"
#include "host/config/config.hpp"
#include "host/ctl/commands.hpp"
#include "host/ctl/output.hpp"
#include "host/storage/state_lock.hpp"

#include <iostream>

namespace json = boost::json;

namespace talome::ctl {

namespace {

/// The state's own, else TALOME_SECRET's. It is never made anew: every row would seem to be changed.
auth::Secret secretOf(const storage::Places& places) {
    const auto file = places.databases() / storage::kSecretFile;
    if (std::filesystem::exists(file)) return {std::nullopt, file};
    if (const auto given = config::load().secret) return {given, file};
    throw std::runtime_error(file.string() + ": is not there; give the secret in TALOME_SECRET");
}

/// Like the answer of GET /api/audit-log/verify.
json::object verifyFiles(const std::string& state) {
    const auto places = statePlaces(state);
    if (!std::filesystem::is_directory(places.stateDir))
        throw std::runtime_error(places.stateDir.string() + ": is not a folder");
    const storage::StateLock lock(places.stateDir);
    const auto verdict = audit::verifyFile(places.databases() / "audit.db", secretOf(places).key("talome audit"));
    json::object result{{"ok", verdict.fault == audit::Fault::none},
                        {"rows", verdict.rows},
                        {"firstId", verdict.first},
                        {"lastId", verdict.last}};
    if (verdict.fault != audit::Fault::none)
        result["problem"] = json::object{{"kind", boost::describe::enum_to_string(verdict.fault, "unknown")},
                                         {"id", verdict.id},
                                         {"message", verdict.words}};
    return result;
}

} // namespace

int auditVerify(const Context& context, const Arguments& arguments) {
    const auto state = arguments.option("--state");
    const json::value verdict = state ? verifyFiles(*state) : context.client.get("/api/audit-log/verify");
    if (context.json)
        std::cout << json::serialize(verdict) << '\n';
    else
        printLines(std::cout, verdict);
    return verdict.at("ok").as_bool() ? 0 : 1;
}

} // namespace talome::ctl

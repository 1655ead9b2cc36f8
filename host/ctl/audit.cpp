// talomectl audit verify: asks the server, or reads the files of one that does not run.
#include "host/ctl/commands.hpp"
#include "host/ctl/output.hpp"

#include <iostream>

namespace json = boost::json;

namespace talome::ctl {

int auditVerify(const Context& context, const Arguments&) {
    const auto verdict = context.client.get("/api/audit-log/verify");
    if (context.json)
        std::cout << json::serialize(verdict) << '\n';
    else
        printLines(std::cout, verdict);
    return verdict.at("ok").as_bool() ? 0 : 1;
}

} // namespace talome::ctl

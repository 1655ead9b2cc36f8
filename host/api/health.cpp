// Is everything well: GET /api/health.
#include "host/api/health.hpp"

#include "host/api/ask_plugin.hpp"
#include "host/log/log.hpp"

#include <boost/json.hpp>

namespace talome::api {

Health::Health(Registry& registry, storage::Database& database, const gate::Gate& gate,
               const gate::Registry& operations)
    : host_(registry.host()), database_(database), gate_(gate), registry_(operations) {
    registry
        .operation("health.get", "Whether the server and what it depends on are well; 503 if it cannot work", anyone,
                   Tier::read, this, &Health::get)
        .route("GET", "/api/health");
}

/// Asked as the host itself, so that an anonymous caller learns "ok" or "error", and nothing else of the answer.
std::string Health::ask(Call& call, const gate::Endpoint& endpoint) const {
    try {
        const auto answer = boost::json::parse(askPlugin(call, gate_, endpoint));
        return answer.is_object() && answer.get_object().contains("ok") && answer.at("ok") == true ? "ok" : "error";
    } catch (const gate::Superseded&) {
        return "ok"; // it is being replaced at this moment
    } catch (const std::exception& error) {
        host_.debug(endpoint.declared.id + ": " + error.what());
        return "error";
    }
}

double Health::uptime() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

HealthOutput Health::get(Call& call) const {
    auto output = look(call);
    if (output.status != "ok") call.status(503);
    return output;
}

HealthOutput Health::look(Call& call) const {
    HealthOutput output{"ok", {}, 0, log::timestamp(host_.nowMs())};
    output.uptime = uptime();
    try {
        database_.rows("SELECT 1");
        output.checks["db"] = "ok";
    } catch (const storage::DatabaseError& error) {
        host_.error(error.what());
        output.checks["db"] = "error";
        output.status = "degraded";
    }
    for (const auto& [id, endpoint] : call.raw()->snapshot->operations)
        if (endpoint->declared.kind == manifest::Kind::call && id.ends_with(".health"))
            output.checks[id.substr(0, id.size() - 7)] = ask(call, *endpoint);
    return output;
}

} // namespace talome::api

// What other programs watch the server by: GET /metrics, /healthz and /readyz.
#include "host/api/metrics.hpp"

#include "host/api/ask_plugin.hpp"
#include "host/api/process_usage.hpp"
#include "host/http/metric_families.hpp"

namespace talome::api {

Metrics::Metrics(Registry& registry, const gate::Gate& gate, const http::Metrics& metrics, gate::Networks allowed,
                 Gauges gauges, Checks checks)
    : host_(registry.host()), gate_(gate), metrics_(metrics), allowed_(std::move(allowed)), gauges_(std::move(gauges)),
      checks_(std::move(checks)) {
    registry
        .operation("metrics.get",
                   "What the server counts, in the text form of OpenMetrics 1.0; for administrators, and without "
                   "logging in for the addresses in metrics.allow",
                   anyone, Tier::read, this, &Metrics::get)
        .route("GET", "/metrics")
        .text(http::kOpenMetricsType);
    registry
        .operation("health.live", "Whether the server answers at all; nothing is looked at", anyone, Tier::read, this,
                   &Metrics::live)
        .route("GET", "/healthz");
    registry
        .operation("health.ready", "Whether it has started, its plugins are up and the database answers; else 503",
                   anyone, Tier::read, this, &Metrics::ready)
        .route("GET", "/readyz");
}

/// What plugins add: each that has a `….openMetrics` operation is asked.
std::vector<std::string> Metrics::familiesOfPlugins(Call& call) const {
    std::vector<std::string> texts;
    for (const auto& [id, endpoint] : call.raw()->snapshot->operations) {
        if (endpoint->declared.kind != manifest::Kind::call || !id.ends_with(".openMetrics")) continue;
        try {
            texts.push_back(askPlugin(call, gate_, *endpoint));
        } catch (const std::exception& error) { // the others are worth having without it
            host_.debug(id + ": " + error.what());
        }
    }
    return texts;
}

std::string Metrics::get(Call& call) const {
    const auto& context = *call.raw();
    // What a proxy sends that is not trusted comes from its address, whoever has asked it.
    if (context.relayed || !allowed_.contains(context.principal->peer)) {
        try {
            gate_.require(context, "admin");
        } catch (const gate::Failure& refused) {
            raise(refused.status, refused.what());
        }
    }
    auto now = gauges_();
    const auto usage = processUsage();
    now.cpuSeconds = usage.cpuSeconds;
    now.startTime = usage.startTime;
    now.residentBytes = usage.residentBytes;
    now.openFds = usage.openFds;
    now.maxFds = usage.maxFds;
    return http::withFamilies(http::openMetrics(metrics_.snapshot(), now), familiesOfPlugins(call));
}

ReadyOutput Metrics::ready(Call& call) const {
    ReadyOutput output;
    for (const auto& [name, check] : checks_) {
        bool well = false;
        try {
            well = check();
        } catch (const std::exception& error) {
            host_.error("readiness: " + name + ": " + error.what());
        }
        output.checks[name] = well ? "ok" : "error";
        if (!well) output.status = "error";
    }
    if (output.status != "ok") call.status(503);
    return output;
}

} // namespace talome::api

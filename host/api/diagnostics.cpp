// GET /api/health/diagnostics, and /api/diagnostics/….
#include "host/api/diagnostics.hpp"

#include "host/api/ask_plugin.hpp"
#include "host/log/log.hpp"

#include <algorithm>

namespace talome::api {

namespace {

constexpr std::size_t kTop = 10;
constexpr int kWindow = 10; // minutes

/// `errors` begin with the newest.
std::vector<EndpointErrors> topOf(const std::vector<ErrorRecord>& errors) {
    std::map<std::string, EndpointErrors> all;
    for (const auto& error : errors) {
        const auto name = error.endpoint();
        const auto [it, fresh] = all.try_emplace(name, name, 0, error.timestamp, error.errorMessage);
        ++it->second.count;
    }
    std::vector<EndpointErrors> top;
    for (auto& [name, each] : all) top.push_back(std::move(each));
    std::ranges::stable_sort(top, std::greater{}, &EndpointErrors::count);
    if (top.size() > kTop) top.resize(kTop);
    return top;
}

template <class Key> std::map<std::string, int> countedBy(const std::vector<ErrorRecord>& errors, const Key& key) {
    std::map<std::string, int> counted;
    for (const auto& error : errors) ++counted[std::invoke(key, error)];
    return counted;
}

std::vector<ErrorRecord> first(std::vector<ErrorRecord> errors, int limit) {
    if (errors.size() > static_cast<std::size_t>(limit)) errors.resize(static_cast<std::size_t>(limit));
    return errors;
}

} // namespace

Diagnostics::Diagnostics(Registry& registry, const Health& health, const gate::Gate& gate, const ErrorRing& errors)
    : host_(registry.host()), health_(health), gate_(gate), errors_(errors) {
    registry
        .operation("health.diagnostics", "Which requests the server could not answer lately, in short", admin,
                   Tier::read, this, &Diagnostics::summary)
        .route("GET", "/api/health/diagnostics")
        .input("window", "Minutes", range(1, 60), 10)
        .input("limit", "How many of the newest are listed", range(1, 100), 20);
    registry
        .operation("diagnostics.recentErrors", "The requests that the server could not answer lately", admin,
                   Tier::read, this, &Diagnostics::recent)
        .route("GET", "/api/diagnostics/recent-errors")
        .input("window", "Minutes", range(1, 60), 10)
        .input("limit", "How many of the newest are listed", range(1, 200), 50)
        .input("endpoint", "Only those whose method and route hold this", length(0, 300));
    registry
        .operation("diagnostics.error", "One of them, by the errorId that its answer named", admin, Tier::read, this,
                   &Diagnostics::one)
        .route("GET", "/api/diagnostics/error/{errorId}")
        .input("errorId", "As the answer named it", length(1, 64));
    registry
        .operation("diagnostics.overview",
                   "Whether the server is well, how busy the machine is, and how much went wrong", session, Tier::read,
                   this, &Diagnostics::overview)
        .route("GET", "/api/diagnostics/health");
}

std::vector<ErrorRecord> Diagnostics::within(int minutes) const {
    return errors_.since(host_.nowMs() - std::int64_t{minutes} * 60'000);
}

DiagnosticsOutput Diagnostics::summary(const WindowInput& input) const {
    auto errors = within(input.window);
    DiagnosticsOutput output;
    output.status = errors.empty() ? "healthy" : "errors_detected";
    output.windowMinutes = input.window;
    output.errorCount = static_cast<int>(errors.size());
    output.bufferSize = static_cast<int>(errors_.size());
    output.topEndpoints = topOf(errors);
    output.byErrorType = countedBy(errors, &ErrorRecord::errorType);
    output.recentErrors = first(std::move(errors), input.limit);
    output.uptime = health_.uptime();
    output.timestamp = log::timestamp(host_.nowMs());
    return output;
}

RecentErrorsOutput Diagnostics::recent(const RecentErrorsInput& input) const {
    auto errors = within(input.window);
    RecentErrorsOutput output;
    output.windowMinutes = input.window;
    output.count = static_cast<int>(errors.size());
    if (input.endpoint)
        std::erase_if(errors,
                      [&](const auto& each) { return each.endpoint().find(*input.endpoint) == std::string::npos; });
    output.filteredCount = static_cast<int>(errors.size());
    output.byEndpoint = countedBy(errors, &ErrorRecord::endpoint);
    output.byErrorType = countedBy(errors, &ErrorRecord::errorType);
    output.topEndpoints = topOf(errors);
    output.errors = first(std::move(errors), input.limit);
    return output;
}

ErrorRecord Diagnostics::one(const ErrorInput& input) const {
    for (auto& each : errors_.since(0))
        if (each.errorId == input.errorId) return each;
    throw NotFound("no error " + input.errorId + " is known; the last " + std::to_string(ErrorRing::kMost) +
                   " are kept until the server ends");
}

DiagnosticsOverview Diagnostics::overview(Call& call) const {
    auto well = health_.look(call);
    DiagnosticsOverview output{well.status, well.timestamp, std::move(well.checks), load(call), {}};
    if (const auto database = output.checks.extract("db")) output.checks["database"] = database.mapped();
    output.errors = {kWindow, static_cast<int>(within(kWindow).size())};
    output.checks["recentErrors"] = output.errors.count ? "warning" : "ok";
    if (output.status != "ok") call.status(503);
    return output;
}

/// As the plugin that offers system.stats says it.
std::optional<SystemLoad> Diagnostics::load(Call& call) const {
    const auto& operations = call.raw()->snapshot->operations;
    const auto found = operations.find("system.stats");
    if (found == operations.end()) return std::nullopt;
    try {
        const auto stats = boost::json::parse(askPlugin(call, gate_, *found->second));
        const auto percent = [&](const char* of, const char* name) -> std::optional<double> {
            const auto* part = stats.as_object().if_contains(of);
            const auto* value = part && part->is_object() ? part->get_object().if_contains(name) : nullptr;
            if (!value || !value->is_number()) return std::nullopt;
            return value->to_number<double>();
        };
        return SystemLoad{percent("cpu", "usage"), percent("memory", "percent"), percent("disk", "percent")};
    } catch (const gate::Superseded&) {
        return std::nullopt; // it is being replaced at this moment
    } catch (const std::exception& error) {
        host_.debug(std::string("system.stats: ") + error.what());
        return std::nullopt;
    }
}

} // namespace talome::api

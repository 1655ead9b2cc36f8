#include "containers/log_query.hpp"

#include "engine/time_spec.hpp"

namespace talome::docker {

namespace {

void addTime(EngineRequest& request, const char* name, const std::optional<std::string>& text, std::int64_t nowMs) {
    if (!text) return;
    const auto instant = parseInstant(*text, nowMs);
    if (!instant) throw Invalid(name, "expected Unix seconds, a time as in RFC 3339, or a duration such as 10m");
    request.query.emplace_back(name, instant->engineText());
}

} // namespace

LogSource openLog(Services& services, const LogQuery& query, const char* tail, bool timed) {
    if (!query.stdout_ && !query.stderr_) throw Invalid("stdout", "stdout and stderr cannot both be left out");
    EngineRequest request{.path = {"containers", "", "logs"},
                          .query = {{"stdout", query.stdout_ ? "1" : "0"},
                                    {"stderr", query.stderr_ ? "1" : "0"},
                                    {"timestamps", timed || query.timestamps ? "1" : "0"},
                                    {"tail", query.tail ? query.tail->text : tail}}};
    addTime(request, "since", query.since, services.host.nowMs());
    addTime(request, "until", query.until, services.host.nowMs());
    RecordPtr record = services.keeper.resolve(query.id);
    request.path[1] = record->id;
    const auto inspected =
        services.client.get<engine::InspectedContainer>({.path = {"containers", record->id, "json"}});
    return {std::move(record), inspected.Config_.Tty, std::move(request)};
}

} // namespace talome::docker

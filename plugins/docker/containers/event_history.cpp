#include "containers/event_history.hpp"

#include "engine/time_spec.hpp"

#include <algorithm>

namespace talome::docker {

namespace {

constexpr std::int64_t kKeptMs = std::int64_t{90} * 86'400'000;
constexpr int kKept = 20'000;      // rows at most
constexpr int kForgetEvery = 500;  // rows
constexpr std::string_view kPrefix = "container.";

bool isKept(std::string_view event) {
    return event == "started" || event == "stopped" || event == "died" || event == "oom" || event == "health" ||
           event == "created" || event == "removed";
}

std::string timeOf(std::int64_t ms) {
    std::string text = isoTime(ms / 1000);
    const std::string fraction = std::to_string(1000 + ms % 1000);
    return text.insert(text.size() - 1, "." + fraction.substr(1));
}

} // namespace

const char* const EventHistory::kMigration =
    "CREATE TABLE container_events(id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, event TEXT NOT NULL, "
    "container_id TEXT NOT NULL, container_name TEXT NOT NULL, image TEXT NOT NULL, exit_code INTEGER, reason TEXT, "
    "health TEXT) STRICT; "
    "CREATE INDEX container_events_by_container ON container_events(container_id, id); "
    "CREATE INDEX container_events_by_name ON container_events(container_name, id)";

void EventHistory::note(const Announcement& told) {
    const auto event = std::string_view(told.topic).substr(std::min(kPrefix.size(), told.topic.size()));
    if (!isKept(event)) return;
    const auto database = host_.database();
    database.execute("INSERT INTO container_events(time_ms, event, container_id, container_name, image, exit_code, reason, "
                     "health) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                     told.event.timeMs, event, told.event.id, told.event.name, told.event.image, told.event.exitCode,
                     told.event.reason, told.event.health);
    if (++sinceForgetting_ < kForgetEvery) return;
    sinceForgetting_ = 0;
    database.execute("DELETE FROM container_events WHERE time_ms < ? OR id <= (SELECT max(id) FROM container_events) - ?",
                     host_.nowMs() - kKeptMs, kKept);
}

std::vector<PastEvent> EventHistory::read(const std::string& containerId, const std::string& name, bool crashes,
                                          int limit) const {
    std::vector<PastEvent> events;
    const auto take = [&](const RowView& row) {
        events.push_back({timeOf(row.get<std::int64_t>(0)), row.get<std::string>(1), row.get<std::string>(2),
                          row.get<std::string>(3), row.get<std::string>(4), row.get<std::optional<int>>(5),
                          row.get<std::optional<std::string>>(6), row.get<std::optional<std::string>>(7)});
    };
    host_.database().each("SELECT time_ms, event, container_id, container_name, image, exit_code, reason, health FROM "
                          "container_events WHERE (container_id = ?1 OR container_name = ?2) AND (?3 = 0 OR "
                          "(event = 'died' AND reason <> 'finished')) ORDER BY id DESC LIMIT ?4",
                          take, containerId, name, crashes, limit);
    return events;
}

} // namespace talome::docker

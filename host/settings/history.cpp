// The table settings_history of host.db.
#include "host/settings/history.hpp"

#include "host/settings/seal.hpp"
#include "host/storage/columns.hpp"

namespace talome::settings {

namespace {

constexpr std::int64_t kMostRows = 1'000; // of a key
constexpr std::int64_t kSecretsMs = 90ll * 24 * 60 * 60 * 1000;

constexpr const char* kSelect =
    "SELECT h.id, h.key, h.previous_value, h.new_value, h.changed_by, coalesce(u.username, h.changed_by), h.changed_at "
    "FROM settings_history h LEFT JOIN users u ON u.id = h.changed_by ";

HistoryRow rowOf(const storage::Row& row) {
    return {std::get<std::int64_t>(row[0]),        std::get<std::string>(row[1]), storage::valueOf<std::string>(row[2]),
            storage::valueOf<std::string>(row[3]), std::get<std::string>(row[4]), std::get<std::string>(row[5]),
            std::get<std::int64_t>(row[6])};
}

} // namespace

bool isSealed(std::string_view stored) { return stored.starts_with(Seal::kVersion); }

void History::add(const std::string& key, const std::optional<std::string>& previous,
                  const std::optional<std::string>& next, const std::string& by, std::int64_t now) {
    database_.run("INSERT INTO settings_history (key, previous_value, new_value, changed_by, changed_at) "
                  "VALUES (?, ?, ?, ?, ?)",
                  {key, storage::orNull(previous), storage::orNull(next), by, now});
    database_.run("DELETE FROM settings_history WHERE key = ? AND id <= "
                  "(SELECT id FROM settings_history WHERE key = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
                  {key, key, kMostRows});
}

std::vector<HistoryRow> History::list(const std::optional<std::string>& key, std::int64_t limit,
                                      std::int64_t offset) const {
    std::vector<HistoryRow> list;
    const auto rows =
        key ? database_.rows(std::string(kSelect) + "WHERE h.key = ? ORDER BY h.id DESC LIMIT ? OFFSET ?",
                             {*key, limit, offset})
            : database_.rows(std::string(kSelect) + "ORDER BY h.id DESC LIMIT ? OFFSET ?", {limit, offset});
    for (const auto& row : rows) list.push_back(rowOf(row));
    return list;
}

std::int64_t History::count(const std::optional<std::string>& key) const {
    const auto rows = key ? database_.rows("SELECT count(*) FROM settings_history WHERE key = ?", {*key})
                          : database_.rows("SELECT count(*) FROM settings_history");
    return std::get<std::int64_t>(rows.at(0).at(0));
}

std::optional<HistoryRow> History::find(const std::string& key, std::optional<std::int64_t> id) const {
    const auto rows = id ? database_.rows(std::string(kSelect) + "WHERE h.key = ? AND h.id = ?", {key, *id})
                         : database_.rows(std::string(kSelect) + "WHERE h.key = ? ORDER BY h.id DESC LIMIT 1", {key});
    return rows.empty() ? std::nullopt : std::optional(rowOf(rows[0]));
}

void History::prune(std::int64_t now) {
    database_.run("DELETE FROM settings_history WHERE changed_at < ? "
                  "AND (previous_value GLOB ? OR new_value GLOB ?)",
                  {now - kSecretsMs, std::string(Seal::kVersion) + "*", std::string(Seal::kVersion) + "*"});
}

} // namespace talome::settings

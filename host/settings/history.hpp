// What every setting was before, and who changed it: the table settings_history of host.db.
#pragma once

#include "host/storage/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace talome::settings {

/// One change. Values are as stored: JSON, or an envelope of a secret; none: not set.
struct HistoryRow {
    std::int64_t id = 0;
    std::string key;
    std::optional<std::string> previous, next;
    std::string changedBy; ///< a user's id, "cli:…" or "plugin:…"
    std::string username;  ///< of that user; of one who is gone, the id
    std::int64_t changedAt = 0;
};

/// Any thread. Kept: the newest 1,000 rows of each key, and of secrets those of the last 90 days.
class History {
public:
    explicit History(storage::Database& database) : database_(database) {}

    /// Within the transaction that stores the value.
    void add(const std::string& key, const std::optional<std::string>& previous, const std::optional<std::string>& next,
             const std::string& by, std::int64_t now);

    /// The newest first; of one key, or of all.
    std::vector<HistoryRow> list(const std::optional<std::string>& key, std::int64_t limit, std::int64_t offset) const;
    std::int64_t count(const std::optional<std::string>& key) const;
    /// The change with that number, else the newest one of the key.
    std::optional<HistoryRow> find(const std::string& key, std::optional<std::int64_t> id) const;

    void prune(std::int64_t now); ///< secrets' rows that are too old

private:
    storage::Database& database_;
};

/// Whether a stored text is an envelope: no JSON text begins like one.
bool isSealed(std::string_view stored);

} // namespace talome::settings

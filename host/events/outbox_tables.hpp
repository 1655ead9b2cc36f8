// The two tables of durable topics in their publisher's database: what was published, and how far each subscriber is.
// All of it works within transactions of the one database, so that it can be tried without threads.
#pragma once

#include "host/storage/database.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talome::events {

struct DurableEvent {
    std::int64_t sequence = 0; ///< from 1, in the order of the commits; never used twice
    std::string topic, json;
    std::int64_t publishedAt = 0; ///< milliseconds since the epoch
};

/// How far one subscriber is. `pattern` is a topic, or a prefix and `*`.
struct Cursor {
    std::string subscriber, pattern;
    std::int64_t sequence = 0;               ///< it has everything up to this one
    std::optional<std::int64_t> absentSince; ///< when a look around first did not find it; since the epoch
    std::int64_t waiting = 0;                ///< events
};

/// When a subscriber loses its cursor.
struct Retention {
    std::int64_t mostWaiting = 100'000;                          ///< events
    std::int64_t longestAbsence = std::int64_t{30} * 86'400'000; ///< ms
};

/// A view of a database; the functions are statements on it. Rows are there as long as a cursor whose pattern matches
/// is behind them; what nobody waits for is never written.
class OutboxTables {
public:
    explicit OutboxTables(storage::Database& database) : database_(database) {}

    /// Makes what is missing. From then on all of the database's transactions survive a power cut: one that has
    /// published must, and which one will is not known when it begins.
    void prepare();

    /// False if no cursor is there for it.
    bool append(std::string_view topic, std::string_view json, std::int64_t now);
    /// A new one begins at the present; one that was there goes on from where it was.
    void join(const std::string& subscriber, const std::string& pattern);
    /// What this subscriber has; the present if it has no cursor.
    std::int64_t position(const std::string& subscriber, const std::string& pattern);
    std::int64_t last(); ///< that was ever appended
    std::vector<DurableEvent> after(std::int64_t sequence, const std::string& pattern, std::size_t most,
                                    std::size_t mostBytes);
    /// The subscriber has everything up to `to`; rows in between that nobody else waits for are deleted.
    void advance(const std::string& subscriber, const std::string& pattern, std::int64_t from, std::int64_t to);

    /// Takes their cursors from those that are beyond the retention, with the rows that only they waited for, and
    /// returns them.
    std::vector<Cursor> tidy(const Retention&, std::int64_t now, const std::function<bool(const Cursor&)>& isPresent);
    std::vector<Cursor> cursors(); ///< with what waits

private:
    std::int64_t number(std::string_view sql, const std::vector<storage::Value>& values = {});
    std::int64_t waiting(const Cursor&);
    bool isLost(const Cursor&, const Retention&, std::int64_t now, std::int64_t last, bool present);

    storage::Database& database_;
};

} // namespace talome::events

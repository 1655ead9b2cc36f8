// The two tables of durable topics in their publisher's database.
#include "host/events/outbox_tables.hpp"

#include <sqlite3.h>

namespace talome::events {

namespace {

// GLOB matches as Bus::matches() does: a topic has no character that means something to it, a pattern only a last `*`.
constexpr const char* kUnneeded =
    "NOT EXISTS (SELECT 1 FROM talome_cursors c WHERE c.sequence < talome_outbox.sequence "
    "AND talome_outbox.topic GLOB c.pattern)";
constexpr const char* kLast = "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'talome_outbox'), 0)";

std::string text(const storage::Value& value) { return std::get<std::string>(value); }
std::int64_t integer(const storage::Value& value) { return std::get<std::int64_t>(value); }

} // namespace

void OutboxTables::prepare() {
    database_.setDurability(storage::Durability::powerCut);
    database_.join([&] {
        database_.run(
            "CREATE TABLE IF NOT EXISTS talome_outbox (sequence INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT "
            "NULL, json TEXT NOT NULL, published_at INTEGER NOT NULL)");
        database_.run(
            "CREATE TABLE IF NOT EXISTS talome_cursors (subscriber TEXT NOT NULL, pattern TEXT NOT NULL, sequence "
            "INTEGER NOT NULL, absent_since INTEGER, PRIMARY KEY (subscriber, pattern)) WITHOUT ROWID");
    });
}

bool OutboxTables::append(std::string_view topic, std::string_view json, std::int64_t now) {
    return database_.run(
               "INSERT INTO talome_outbox (topic, json, published_at) SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 "
               "FROM talome_cursors WHERE ?1 GLOB pattern)",
               {std::string(topic), std::string(json), now}) > 0;
}

void OutboxTables::join(const std::string& subscriber, const std::string& pattern) {
    static const std::string sql = std::string("INSERT INTO talome_cursors VALUES (?, ?, ") + kLast +
                                   ", NULL) ON CONFLICT (subscriber, pattern) DO UPDATE SET absent_since = NULL WHERE "
                                   "absent_since IS NOT NULL";
    database_.run(sql, {subscriber, pattern});
}

std::int64_t OutboxTables::position(const std::string& subscriber, const std::string& pattern) {
    const auto rows = database_.rows("SELECT sequence FROM talome_cursors WHERE subscriber = ? AND pattern = ?",
                                     {subscriber, pattern});
    return rows.empty() ? last() : integer(rows[0][0]);
}

std::int64_t OutboxTables::number(std::string_view sql, const std::vector<storage::Value>& values) {
    return integer(database_.rows(sql, values).at(0).at(0));
}

std::int64_t OutboxTables::last() {
    static const std::string sql = std::string("SELECT ") + kLast;
    return number(sql);
}

std::vector<DurableEvent> OutboxTables::after(std::int64_t sequence, const std::string& pattern, std::size_t most,
                                              std::size_t mostBytes) {
    std::vector<DurableEvent> events;
    std::size_t bytes = 0;
    database_.run("SELECT sequence, topic, json, published_at FROM talome_outbox WHERE sequence > ? AND topic GLOB ? "
                  "ORDER BY sequence LIMIT ?",
                  {sequence, pattern, static_cast<std::int64_t>(most)}, [&](sqlite3_stmt* row) {
                      events.push_back({integer(storage::column(row, 0)), text(storage::column(row, 1)),
                                        text(storage::column(row, 2)), integer(storage::column(row, 3))});
                      bytes += events.back().json.size();
                      return bytes < mostBytes;
                  });
    return events;
}

void OutboxTables::advance(const std::string& subscriber, const std::string& pattern, std::int64_t from,
                           std::int64_t to) {
    static const std::string sql =
        std::string("DELETE FROM talome_outbox WHERE sequence > ? AND sequence <= ? AND ") + kUnneeded;
    database_.run("UPDATE talome_cursors SET sequence = ? WHERE subscriber = ? AND pattern = ? AND sequence < ?1",
                  {to, subscriber, pattern});
    database_.run(sql, {from, to});
}

std::int64_t OutboxTables::waiting(const Cursor& cursor) {
    return number("SELECT count(*) FROM talome_outbox WHERE sequence > ? AND topic GLOB ?",
                  {cursor.sequence, cursor.pattern});
}

std::vector<Cursor> OutboxTables::cursors() {
    std::vector<Cursor> all;
    for (const auto& row : database_.rows("SELECT subscriber, pattern, sequence, absent_since FROM talome_cursors")) {
        Cursor cursor{text(row[0]), text(row[1]), integer(row[2]), std::nullopt, 0};
        if (const auto* since = std::get_if<std::int64_t>(&row[3])) cursor.absentSince = *since;
        cursor.waiting = waiting(cursor);
        all.push_back(std::move(cursor));
    }
    return all;
}

bool OutboxTables::isLost(const Cursor& cursor, const Retention& retention, std::int64_t now, std::int64_t last,
                          bool present) {
    if (cursor.waiting > retention.mostWaiting) return true;
    if (cursor.waiting == 0 && cursor.sequence < last) // so that it is not counted again and again
        database_.run("UPDATE talome_cursors SET sequence = ? WHERE subscriber = ? AND pattern = ?",
                      {last, cursor.subscriber, cursor.pattern});
    if (present) return false;
    if (cursor.absentSince) return now - *cursor.absentSince > retention.longestAbsence;
    database_.run("UPDATE talome_cursors SET absent_since = ? WHERE subscriber = ? AND pattern = ?",
                  {now, cursor.subscriber, cursor.pattern});
    return false;
}

std::vector<Cursor> OutboxTables::tidy(const Retention& retention, std::int64_t now,
                                       const std::function<bool(const Cursor&)>& isPresent) {
    static const std::string sql = std::string("DELETE FROM talome_outbox WHERE ") + kUnneeded;
    std::vector<Cursor> lost;
    const auto end = last();
    for (auto& cursor : cursors()) {
        if (!isLost(cursor, retention, now, end, isPresent(cursor))) continue;
        database_.run("DELETE FROM talome_cursors WHERE subscriber = ? AND pattern = ?",
                      {cursor.subscriber, cursor.pattern});
        lost.push_back(std::move(cursor));
    }
    if (!lost.empty()) database_.run(sql);
    return lost;
}

} // namespace talome::events

// The tables of audit.db.
#include "host/audit/tables.hpp"

namespace talome::audit {

namespace {

// The triggers are against mistakes and for honest tools; against the others there are the macs.
const std::vector<storage::Migration> kMigrations = {{1, R"(
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    tier TEXT NOT NULL,
    outcome TEXT NOT NULL,
    user_id TEXT NOT NULL,
    username TEXT NOT NULL,
    origin TEXT NOT NULL,
    credential TEXT NOT NULL,
    credential_id TEXT NOT NULL,
    peer TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    request_id TEXT NOT NULL,
    plugin TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target TEXT NOT NULL,
    approval_id TEXT NOT NULL,
    duration_ms INTEGER NOT NULL,
    input TEXT NOT NULL,
    words TEXT NOT NULL,
    mac BLOB NOT NULL);
CREATE INDEX audit_log_at ON audit_log (at);
CREATE INDEX audit_log_user ON audit_log (user_id);
CREATE INDEX audit_log_action ON audit_log (action);
CREATE TABLE audit_ends (name TEXT PRIMARY KEY, id INTEGER NOT NULL, mac BLOB NOT NULL, seal BLOB NOT NULL);
CREATE TRIGGER audit_log_insert BEFORE INSERT ON audit_log
    WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_log_update BEFORE UPDATE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_log_delete BEFORE DELETE ON audit_log
    WHEN OLD.id > (SELECT coalesce(max(id), 0) FROM audit_ends WHERE name = 'anchor')
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
)"}};

} // namespace

void makeTables(storage::Database& database, const Chain& chain) {
    const bool made = database.rows("SELECT 1 FROM sqlite_master WHERE name = 'audit_log'").empty();
    database.migrate(kMigrations);
    if (made) writeEnd(database, chain, kHead, {});
}

void insert(storage::Database& database, const Row& row) {
    static const auto sql =
        std::string("INSERT INTO audit_log (") + kColumns + ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
    database.run(sql, valuesOf(row));
}

KnownEnd readEnd(storage::Database& database, const Chain& chain, const char* name) {
    KnownEnd found;
    const auto rows = database.rows("SELECT id, mac, seal FROM audit_ends WHERE name = ?", {std::string(name)});
    if (rows.empty()) return found;
    found.present = true;
    const auto* id = std::get_if<std::int64_t>(&rows[0][0]);
    const auto *mac = std::get_if<storage::Blob>(&rows[0][1]), *seal = std::get_if<storage::Blob>(&rows[0][2]);
    if (!id || !mac || !seal) return found;
    found.end = {*id, mac->bytes};
    found.sealed = chain.isSealed(name, found.end, seal->bytes);
    return found;
}

void writeEnd(storage::Database& database, const Chain& chain, const char* name, const End& end) {
    database.run("INSERT INTO audit_ends (name, id, mac, seal) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
                 "id = excluded.id, mac = excluded.mac, seal = excluded.seal",
                 {std::string(name), end.id, storage::Blob{end.mac}, storage::Blob{chain.seal(name, end)}});
}

} // namespace talome::audit

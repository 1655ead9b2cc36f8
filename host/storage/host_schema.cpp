// The tables of host.db. Times are milliseconds since the epoch.
#include "host/storage/host_schema.hpp"

namespace talome::storage {

const std::vector<Migration>& hostMigrations() {
    static const std::vector<Migration> all = {{1, R"sql(
CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    username      TEXT NOT NULL,
    username_key  TEXT NOT NULL UNIQUE,
    email         TEXT,
    password_hash TEXT NOT NULL,
    recovery_hash TEXT,
    role          TEXT NOT NULL CHECK (role IN ('admin', 'member')),
    permissions   TEXT,
    created_at    INTEGER NOT NULL,
    last_login_at INTEGER
);
CREATE TABLE sessions (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    peer         TEXT NOT NULL,
    user_agent   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    revoked_at   INTEGER
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE settings_history (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    key            TEXT NOT NULL,
    previous_value TEXT,
    new_value      TEXT,
    changed_by     TEXT NOT NULL,
    changed_at     INTEGER NOT NULL
);
CREATE TABLE plugins (
    id         TEXT PRIMARY KEY,
    enabled    INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
);
)sql"},
                                               {2, R"sql(
CREATE TABLE api_tokens (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    digest       BLOB NOT NULL UNIQUE,
    tier         TEXT NOT NULL CHECK (tier IN ('read', 'modify', 'destructive')),
    groups       TEXT,
    origin       TEXT NOT NULL DEFAULT 'rest',
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    last_peer    TEXT
);
CREATE INDEX api_tokens_user ON api_tokens (user_id);
CREATE TABLE approvals (
    id           TEXT PRIMARY KEY,
    operation    TEXT NOT NULL,
    tier         TEXT NOT NULL,
    origin       TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    caller       TEXT NOT NULL,
    input_digest BLOB NOT NULL,
    input        TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    decided_at   INTEGER,
    decided_by   TEXT,
    approved     INTEGER,
    reason       TEXT,
    used_at      INTEGER
);
CREATE INDEX approvals_created ON approvals (created_at);
)sql"},
                                               {3, R"sql(
CREATE INDEX settings_history_key ON settings_history (key, id);
)sql"}};
    return all;
}

} // namespace talome::storage

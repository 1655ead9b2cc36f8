// One SQLite file of one owner: write-ahead log, ordered migrations, statements compiled once and kept.
#include "host/storage/database.hpp"

#include "host/log/log.hpp"

#include <chrono>
#include <sqlite3.h>

namespace talome::storage {

namespace {

constexpr std::size_t kKeptStatements = 64;

int bindOne(sqlite3_stmt* statement, int at, const Value& value) {
    struct Visitor {
        sqlite3_stmt* statement;
        int at;
        int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, at); }
        int operator()(std::int64_t number) const { return sqlite3_bind_int64(statement, at, number); }
        int operator()(double number) const { return sqlite3_bind_double(statement, at, number); }
        int operator()(const std::string& text) const {
            return sqlite3_bind_text64(statement, at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
        }
        int operator()(const Blob& blob) const {
            return sqlite3_bind_blob64(statement, at, blob.bytes.data(), blob.bytes.size(), SQLITE_STATIC);
        }
    };
    return std::visit(Visitor{statement, at}, value);
}

std::int64_t epochMs() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

} // namespace

void Database::Finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

Database::Database(std::filesystem::path file, Durability durability, const char* vfs) : file_(std::move(file)) {
    const int code =
        sqlite3_open_v2(file_.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, vfs);
    if (code != SQLITE_OK) {
        const std::string why = handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
        sqlite3_close(handle_);
        throw DatabaseError(file_.string() + ": " + why);
    }
    try {
        sqlite3_extended_result_codes(handle_, 1);
        sqlite3_busy_timeout(handle_, 30'000);
        // Untrusted text in a row must not become code: no functions from the schema, no double-quoted strings.
        sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
        sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
        script("PRAGMA journal_mode=WAL");
        setDurability(durability);
        script("PRAGMA cache_size=-1000; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON");
    } catch (...) {
        sqlite3_close(handle_);
        throw;
    }
}

Database::~Database() {
    statements_.clear();
    sqlite3_close(handle_);
}

void Database::setDurability(Durability durability) {
    const std::lock_guard lock(mutex_);
    script(durability == Durability::powerCut ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
}

void Database::fail(int code) const {
    DatabaseError error(file_.filename().string() + ": " + sqlite3_errmsg(handle_));
    error.full = (code & 0xff) == SQLITE_FULL;
    error.constraint = (code & 0xff) == SQLITE_CONSTRAINT;
    throw error;
}

void Database::script(const char* sql) {
    const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code);
}

void Database::migrate(const std::vector<Migration>& migrations) {
    const std::lock_guard lock(mutex_); // an older generation of the owner may be using it
    script("CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL)");
    const auto version = std::get<std::int64_t>(rows("SELECT coalesce(max(version), 0) FROM schema_migrations")[0][0]);
    if (version > static_cast<std::int64_t>(migrations.size()))
        throw DatabaseError(file_.string() + ": its data has version " + std::to_string(version) +
                            ", this program knows " + std::to_string(migrations.size()) +
                            "; install the newer program again, or restore a snapshot");
    for (auto i = static_cast<std::size_t>(version); i < migrations.size(); ++i) {
        if (migrations[i].version != i + 1)
            throw DatabaseError(file_.string() + ": migrations must count from 1 without a gap");
        transaction([&] {
            script(migrations[i].sql.c_str());
            run("INSERT INTO schema_migrations VALUES (?, ?)", {static_cast<std::int64_t>(i + 1), epochMs()});
            return true;
        });
    }
}

Database::Statement Database::prepare(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const int code =
        sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, &tail);
    Statement statement(raw);
    if (code != SQLITE_OK) fail(code);
    if (!statement) throw DatabaseError(file_.filename().string() + ": an empty statement");
    if (std::string_view(tail, sql.data() + sql.size() - tail).find_first_not_of(" \t\r\n;") != std::string_view::npos)
        throw DatabaseError(file_.filename().string() + ": more than one statement");
    return statement;
}

Database::Statement& Database::kept(std::string_view sql) {
    const std::string key(sql);
    if (const auto it = statements_.find(key); it != statements_.end()) return it->second;
    if (statements_.size() >= kKeptStatements)
        std::erase_if(statements_, [](const auto& each) { return !sqlite3_stmt_busy(each.second.get()); });
    return statements_.emplace(key, prepare(sql)).first->second;
}

std::int64_t Database::step(sqlite3_stmt* statement, const std::vector<Value>& values, const OnRow& onRow) {
    if (static_cast<int>(values.size()) != sqlite3_bind_parameter_count(statement))
        throw DatabaseError(file_.filename().string() + ": the statement wants " +
                            std::to_string(sqlite3_bind_parameter_count(statement)) + " values, got " +
                            std::to_string(values.size()));
    struct Reset {
        sqlite3_stmt* statement;
        ~Reset() {
            sqlite3_reset(statement);
            sqlite3_clear_bindings(statement);
        }
    } reset{statement};
    for (std::size_t i = 0; i < values.size(); ++i)
        if (const int code = bindOne(statement, static_cast<int>(i + 1), values[i]); code != SQLITE_OK) fail(code);
    const auto before = sqlite3_total_changes64(handle_);
    // A statement that writes (… RETURNING) goes to its end: SQLite looks whether the log has grown only then.
    for (bool wanted = bool(onRow);;) {
        const int code = sqlite3_step(statement);
        if (code == SQLITE_DONE) break;
        if (code != SQLITE_ROW) fail(code);
        wanted = wanted && onRow(statement);
        if (onRow && !wanted && sqlite3_stmt_readonly(statement)) break;
    }
    return sqlite3_total_changes64(handle_) - before;
}

std::int64_t Database::run(std::string_view sql, const std::vector<Value>& values, const OnRow& onRow) {
    const std::lock_guard lock(mutex_);
    auto& statement = kept(sql);
    if (!sqlite3_stmt_busy(statement.get())) return step(statement.get(), values, onRow);
    const auto another = prepare(sql); // the same text inside its own row callback
    return step(another.get(), values, onRow);
}

std::vector<Row> Database::rows(std::string_view sql, const std::vector<Value>& values) {
    std::vector<Row> result;
    run(sql, values, [&](sqlite3_stmt* statement) {
        Row row;
        const int n = sqlite3_column_count(statement);
        row.reserve(static_cast<std::size_t>(n));
        for (int i = 0; i < n; ++i) row.push_back(column(statement, i));
        result.push_back(std::move(row));
        return true;
    });
    return result;
}

bool Database::transaction(const std::function<bool()>& body) {
    const std::lock_guard lock(mutex_);
    if (inTransaction_) throw DatabaseError(file_.filename().string() + ": a transaction inside a transaction");
    script("BEGIN IMMEDIATE");
    inTransaction_ = true;
    struct Ended {
        Database& database;
        ~Ended() {
            database.inTransaction_ = false;
            database.afterCommit_.clear();
            // Nothing is left to do if this fails: SQLite has rolled back by itself then.
            if (!sqlite3_get_autocommit(database.handle_))
                sqlite3_exec(database.handle_, "ROLLBACK", nullptr, nullptr, nullptr);
        }
    };
    std::vector<std::function<void()>> committed;
    {
        const Ended ended{*this};
        if (!body()) return false;
        script("COMMIT");
        committed.swap(afterCommit_);
    }
    for (const auto& call : committed) {
        try {
            call();
        } catch (const std::exception& error) { // what is committed must not look as if it had failed
            log::error("host", file_.filename().string() + ": after a commit: " + error.what());
        }
    }
    return true;
}

void Database::join(const std::function<void()>& body) {
    const std::lock_guard lock(mutex_);
    if (inTransaction_) return body();
    transaction([&] {
        body();
        return true;
    });
}

void Database::afterCommit(std::function<void()> call) {
    const std::lock_guard lock(mutex_);
    if (!inTransaction_) throw DatabaseError(file_.filename().string() + ": afterCommit() outside of a transaction");
    afterCommit_.push_back(std::move(call));
}

Value column(sqlite3_stmt* statement, int index) {
    switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
        return static_cast<std::int64_t>(sqlite3_column_int64(statement, index));
    case SQLITE_FLOAT:
        return sqlite3_column_double(statement, index);
    case SQLITE_TEXT:
        return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, index)),
                           static_cast<std::size_t>(sqlite3_column_bytes(statement, index)));
    case SQLITE_BLOB: {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, index));
        return Blob{bytes ? std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, index)))
                          : std::string()};
    }
    default:
        return nullptr;
    }
}

} // namespace talome::storage

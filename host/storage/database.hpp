// One SQLite file of one owner: write-ahead log, ordered migrations, statements compiled once and kept.
// The C library is used as it is: its prepare, bind and step are what the plugin ABI offers, value by value.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace talome::storage {

struct Blob {
    std::string bytes;
    bool operator==(const Blob&) const = default;
};
using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string, Blob>;
using Row = std::vector<Value>;

/// The words are SQLite's, with the owner's file before them.
struct DatabaseError : std::runtime_error {
    using std::runtime_error::runtime_error;
    bool full = false;       ///< the disk is
    bool constraint = false; ///< a unique key, a check, …
};

struct Migration {
    unsigned version; ///< from 1, without a gap
    std::string sql;
};

enum class Durability {
    processCrash, ///< what was committed survives kill -9
    powerCut      ///< and a power cut
};

/// Any thread; one statement or transaction at a time, the others wait.
class Database {
public:
    /// `vfs`: of SQLite, instead of its own for files (tests cut the power with one).
    Database(std::filesystem::path file, Durability, const char* vfs = nullptr);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Runs what is missing, each in a transaction. Refuses a file that is newer than the last of `migrations`.
    void migrate(const std::vector<Migration>& migrations);

    using OnRow = std::function<bool(sqlite3_stmt*)>; ///< false: enough
    /// One statement with `?` for each value. Returns the number of rows changed.
    std::int64_t run(std::string_view sql, const std::vector<Value>& values = {}, const OnRow& onRow = {});
    std::vector<Row> rows(std::string_view sql, const std::vector<Value>& values = {});

    /// Commits when `body` returns true; rolls back when it returns false or throws. Not nested.
    bool transaction(const std::function<bool()>& body);

    const std::filesystem::path& file() const { return file_; }

private:
    struct Finalize {
        void operator()(sqlite3_stmt*) const noexcept;
    };
    using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

    Statement prepare(std::string_view sql);
    Statement& kept(std::string_view sql);
    std::int64_t step(sqlite3_stmt*, const std::vector<Value>&, const OnRow&);
    void script(const char* sql);
    [[noreturn]] void fail(int code) const;

    std::filesystem::path file_;
    sqlite3* handle_ = nullptr;
    std::recursive_mutex mutex_; // a transaction's body runs statements on the same thread
    std::unordered_map<std::string, Statement> statements_;
    bool inTransaction_ = false;
};

Value column(sqlite3_stmt*, int index);

} // namespace talome::storage

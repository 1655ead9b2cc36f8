#include "host/storage/database.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <thread>

using namespace talome::storage;

namespace {

struct Folder {
    std::filesystem::path path;
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "talome-db-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
};

const std::vector<Migration> kTwo = {{1, "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE)"},
                                     {2, "ALTER TABLE t ADD COLUMN size REAL"}};

} // namespace

TEST_CASE("migrations run once and in order, and a newer file is refused") {
    Folder folder;
    { Database(folder.path / "x.db", Durability::powerCut).migrate({kTwo[0]}); }
    Database database(folder.path / "x.db", Durability::processCrash);
    database.migrate(kTwo);
    database.migrate(kTwo);
    CHECK(database.rows("SELECT count(*) FROM schema_migrations")[0][0] == Value{std::int64_t{2}});
    CHECK_THROWS_WITH_AS(database.migrate({kTwo[0]}), doctest::Contains("its data has version 2, this program knows 1"),
                         DatabaseError);
}

TEST_CASE("a failing migration leaves nothing behind") {
    Folder folder;
    Database database(folder.path / "x.db", Durability::processCrash);
    CHECK_THROWS_AS(database.migrate({kTwo[0], {2, "CREATE TABLE u (a); CREATE TABLE u (a)"}}), DatabaseError);
    CHECK(database.rows("SELECT name FROM sqlite_master WHERE name = 'u'").empty());
    CHECK(database.rows("SELECT max(version) FROM schema_migrations")[0][0] == Value{std::int64_t{1}});
}

TEST_CASE("values of every type come back as they went in") {
    Folder folder;
    Database database(folder.path / "x.db", Durability::processCrash);
    database.run("CREATE TABLE v (a, b, c, d, e)");
    database.run("INSERT INTO v VALUES (?, ?, ?, ?, ?)",
                 {nullptr, std::int64_t{-5}, 1.5, std::string("ä\0b", 4), Blob{std::string("\0\1", 2)}});
    const auto row = database.rows("SELECT * FROM v")[0];
    CHECK(std::holds_alternative<std::nullptr_t>(row[0]));
    CHECK(std::get<std::int64_t>(row[1]) == -5);
    CHECK(std::get<double>(row[2]) == 1.5);
    CHECK(std::get<std::string>(row[3]) == std::string("ä\0b", 4));
    CHECK(std::get<Blob>(row[4]).bytes == std::string("\0\1", 2));
    CHECK_THROWS_AS(database.run("SELECT ?", {}), DatabaseError);
    CHECK_THROWS_AS(database.run("SELECT 1; SELECT 2"), DatabaseError);
}

TEST_CASE("a transaction commits or leaves no trace") {
    Folder folder;
    Database database(folder.path / "x.db", Durability::processCrash);
    database.migrate(kTwo);
    const auto insert = [&](const char* name) { database.run("INSERT INTO t (name) VALUES (?)", {std::string(name)}); };
    CHECK(database.transaction([&] { return insert("kept"), true; }));
    CHECK_FALSE(database.transaction([&] { return insert("dropped"), false; }));
    CHECK_THROWS_AS(database.transaction([&] { return insert("new"), insert("kept"), true; }), DatabaseError);
    CHECK(database.rows("SELECT name FROM t").size() == 1);
    try {
        insert("kept");
        FAIL("a second row with a unique name");
    } catch (const DatabaseError& error) {
        CHECK(error.constraint);
    }
}

TEST_CASE("many threads write, none is lost") {
    Folder folder;
    Database database(folder.path / "x.db", Durability::processCrash);
    database.migrate(kTwo);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&database, t] {
            for (int i = 0; i < 50; ++i)
                database.run("INSERT INTO t (name) VALUES (?)", {std::to_string(t * 1000 + i)});
        });
    threads.clear();
    CHECK(database.rows("SELECT count(*) FROM t")[0][0] == Value{std::int64_t{200}});
}

TEST_CASE("one migrates while others write: a plugin is replaced") {
    Folder folder;
    Database database(folder.path / "x.db", Durability::processCrash);
    database.migrate(kTwo);
    std::jthread writer([&database](const std::stop_token& stop) {
        for (int i = 0; !stop.stop_requested(); ++i)
            database.transaction([&] {
                for (int n = 0; n < 10; ++n) {
                    database.run("INSERT INTO t (name) VALUES (?)", {std::to_string(i * 10 + n)});
                    database.run("SELECT id FROM t LIMIT 20", {},
                                 [](auto*) { return std::this_thread::yield(), true; });
                }
                return true;
            });
    });
    for (int i = 0; i < 1000; ++i) database.migrate(kTwo);
    writer = {};
    CHECK(database.rows("PRAGMA integrity_check")[0][0] == Value{std::string("ok")});
}

TEST_CASE("the log is written back to the file also by statements whose caller wants one row only") {
    Folder folder;
    Database database(folder.path / "x.db", Durability::processCrash);
    database.migrate(kTwo);
    int rows = 0;
    for (int i = 0; i < 4000; ++i)
        database.run("INSERT INTO t (name) VALUES (?), (?) RETURNING id",
                     {std::to_string(i), "again " + std::to_string(i)}, [&](auto*) { return ++rows, false; });
    CHECK(rows == 4000);
    CHECK(database.rows("SELECT count(*) FROM t")[0][0] == Value{std::int64_t{8000}});
    CHECK(std::filesystem::file_size(folder.path / "x.db-wal") < (8 << 20)); // else a page for each statement: 16 MiB
}

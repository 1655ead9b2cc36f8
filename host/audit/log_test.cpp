#include "host/audit/log.hpp"

#include "host/audit/test_folder.hpp"

#include <doctest/doctest.h>
#include <thread>

using namespace talome;
using namespace talome::audit;

namespace {

std::int64_t rows(Log& log) {
    return std::get<std::int64_t>(log.reader().rows("SELECT count(*) FROM audit_log")[0][0]);
}

} // namespace

TEST_CASE("audit: an appended entry is there, with the time it was given or the present one") {
    TestFolder folder;
    Log log(folder / "audit.db", kTestKey, [] { return std::int64_t{1000}; });
    log.append(entry("apps.install", "ann"));
    auto second = entry("apps.remove", "bob");
    second.at = 7;
    second.input = "{\"id\":\"jellyfin\"}";
    second.words = "no such app";
    log.append(second);
    std::vector<Row> found;
    log.reader().run(std::string("SELECT ") + kColumns + " FROM audit_log ORDER BY id", {}, [&](sqlite3_stmt* row) {
        found.push_back(readRow(row));
        return true;
    });
    REQUIRE(found.size() == 2);
    CHECK(found[0].id == 1);
    CHECK(found[0].entry.at == 1000);
    CHECK(found[0].entry.action == "apps.install");
    CHECK(found[0].entry.username == "ann");
    CHECK(found[1].entry.at == 7);
    CHECK(found[1].entry.input == "{\"id\":\"jellyfin\"}");
    CHECK(found[1].entry.words == "no such app");
    CHECK(found[1].mac.size() == 32);
}

TEST_CASE("audit: what is too long is cut with a mark, what is no UTF-8 is mended") {
    auto long_ = entry("a.b");
    long_.input = std::string(kMostInput, 'x');
    CHECK(bounded(long_).input == long_.input);
    long_.input = std::string(kMostInput - 4, 'x') + "äöü"; // the cut would fall inside a character
    const auto cut = bounded(long_).input;
    CHECK(cut.size() <= kMostInput);
    CHECK(cut.ends_with("x…"));
    auto broken = entry("a.b");
    broken.userAgent = "curl\xff/\xc3";
    broken.words = std::string("a\0b", 3);
    CHECK(bounded(broken).userAgent == "curl\xef\xbf\xbd/\xef\xbf\xbd");
    CHECK(bounded(broken).words == std::string("a\0b", 3));
}

TEST_CASE("audit: many who append at once share transactions, and nobody's row is lost") {
    TestFolder folder;
    Log log(folder / "audit.db", kTestKey, [] { return std::int64_t{1}; });
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
            for (int k = 0; k < 100; ++k) log.append(entry("a.b"));
        });
    for (auto& each : threads) each.join();
    CHECK(rows(log) == 800);
}

TEST_CASE("audit: SQLite itself refuses to change or remove a row") {
    TestFolder folder;
    Log log(folder / "audit.db", kTestKey, [] { return std::int64_t{1}; });
    log.append(entry("a.b"));
    for (const char* sql : {"UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log",
                            "INSERT OR REPLACE INTO audit_log SELECT * FROM audit_log"})
        CHECK_THROWS_WITH_AS(log.reader().run(sql), doctest::Contains("append-only"), storage::DatabaseError);
    CHECK(rows(log) == 1);
}

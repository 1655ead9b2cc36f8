#include "host/crash/history.hpp"

#include "host/storage/host_schema.hpp"

#include <doctest/doctest.h>
#include <fstream>
#include <unistd.h>

using namespace talome;
using crash::History;

namespace {

struct Kept {
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("talome-crashes-" + std::to_string(::getpid()));
    std::filesystem::path file = folder / "crashes.log";
    std::unique_ptr<storage::Database> database;

    Kept() {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        database = std::make_unique<storage::Database>(folder / "host.db", storage::Durability::processCrash);
        database->migrate(storage::hostMigrations());
    }
    ~Kept() {
        database.reset();
        std::filesystem::remove_all(folder);
    }

    /// As a start after these crashes: minutes, and whose.
    History after(const std::vector<std::pair<int, std::string>>& crashes, crash::Rule rule = {}) {
        std::ofstream lines(file, std::ios::trunc);
        for (const auto& [minute, plugin] : crashes)
            lines << R"({"at":)" << 1'700'000'000'000 + minute * 60'000LL << R"(,"signal":"SIGSEGV","plugin":")"
                  << plugin
                  << R"(","operation":"x.y","module":"x.so","offset":"0x1","pid":1,"thread":1,"version":"1.0.0"})"
                  << "\n";
        lines.close();
        return History(*database, file, rule);
    }
};

} // namespace

TEST_CASE("two crashes of a plugin within ten minutes hold it back, until somebody enables it") {
    Kept kept;
    CHECK_FALSE(kept.after({{0, "a"}}).quarantine("a"));
    auto history = kept.after({{9, "a"}, {9, "b"}});
    const auto held = history.quarantine("a");
    REQUIRE(held);
    CHECK(held->crashes.size() == 2);
    CHECK(held->words().find("2 times") != std::string::npos);
    CHECK(held->words().find("x.y (SIGSEGV, x.so + 0x1)") != std::string::npos);
    CHECK_FALSE(history.quarantine("b"));
    history.clear("a");
    CHECK_FALSE(history.quarantine("a"));
    CHECK(history.crashes("a").size() == 2);
    CHECK_FALSE(kept.after({{10, "a"}}).quarantine("a"));
    CHECK(kept.after({{11, "a"}}).quarantine("a"));
}

TEST_CASE("crashes farther apart, of others, and of the host itself hold nobody back") {
    Kept kept;
    auto history = kept.after({{0, "a"}, {11, "a"}, {12, "b"}, {13, ""}, {14, ""}, {15, "host"}});
    for (const char* plugin : {"a", "b", "c", "host"}) CHECK_FALSE(history.quarantine(plugin));
    CHECK(history.crashes("").size() == 3);
    CHECK_FALSE(kept.after({{12, "b"}}).quarantine("b")); // the same record once more
    CHECK_FALSE(kept.after({{20, "b"}}, {.within = std::chrono::milliseconds(0)}).quarantine("b"));
}

TEST_CASE("a line that is no record is left out") {
    Kept kept;
    std::ofstream(kept.file) << "{\"at\":17\n\nnonsense\n[1]\n{\"at\":\"x\"}\n{\"at\":1700000000000}\n";
    const History history(*kept.database, kept.file, {});
    CHECK(history.crashes("").size() == 1);
}

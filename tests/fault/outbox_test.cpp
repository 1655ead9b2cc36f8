// The power is cut while a publisher writes rows of its own together with durable events, and a subscriber takes them:
// whatever was acknowledged is there, a row is never without its event, and a place that was noted is not forgotten.
#include "host/events/outbox_tables.hpp"
#include "power_cut_vfs.hpp"
#include "rounds.hpp"

#include <doctest/doctest.h>
#include <iostream>

using namespace talome::fault;
using namespace talome::storage;
using talome::events::OutboxTables;

namespace {

struct Counts {
    int cuts = 0;
    std::int64_t published = 0, taken = 0;
};

/// One disk, cut again and again. Row n has the event n: numbers have no gap, whatever is rolled back.
class Trial {
public:
    explicit Trial(std::uint32_t seed) : random_(seed), disk_(seed) {}

    /// Throws std::runtime_error with what is not as promised.
    void cut(Counts& counts) {
        disk_.cutAfter(1 + random_() % 150);
        try {
            work(counts);
        } catch (const DatabaseError&) {
            if (!disk_.off()) throw;
        }
        disk_.restore(kLosses[random_() % std::size(kLosses)]);
        ++counts.cuts;
        verify();
    }

private:
    Database open() { return Database("/disk/x.db", Durability::processCrash, disk_.vfs()); }

    [[noreturn]] void work(Counts& counts) {
        Database database = open();
        database.run("PRAGMA wal_autocheckpoint=" + std::to_string(3 + random_() % 30));
        OutboxTables tables(database);
        database.migrate({{1, "CREATE TABLE sent (n INTEGER PRIMARY KEY)"}});
        tables.prepare(); // from here on every commit survives
        database.transaction([&] {
            tables.join("s", "a.*");
            return true;
        });
        joined_ = true;
        for (;;) {
            const bool rollsBack = random_() % 4 == 0;
            const bool done = database.transaction([&] {
                for (auto i = 1 + random_() % 3; i > 0; --i) {
                    database.run("INSERT INTO sent SELECT coalesce(max(n), 0) + 1 FROM sent");
                    tables.append("a.one", "{}", 0);
                }
                return !rollsBack;
            });
            if (done) {
                published_ = number(database, "SELECT max(n) FROM sent");
                ++counts.published;
            }
            if (random_() % 2) take(database, counts);
        }
    }

    void take(Database& database, Counts& counts) {
        OutboxTables tables(database);
        const auto from = tables.position("s", "a.*");
        const auto events = tables.after(from, "a.*", 1 + random_() % 5, 1 << 20);
        if (events.empty()) return;
        database.transaction([&] {
            tables.advance("s", "a.*", from, events.back().sequence);
            return true;
        });
        taken_ = events.back().sequence;
        counts.taken += static_cast<std::int64_t>(events.size());
    }

    void verify() {
        Database database = open();
        if (std::get<std::string>(database.rows("PRAGMA integrity_check")[0][0]) != "ok")
            throw std::runtime_error("damaged");
        if (!joined_ && database.rows("SELECT 1 FROM sqlite_master WHERE name = 'talome_cursors'").empty()) return;
        OutboxTables tables(database);
        const auto sent = number(database, "SELECT coalesce(max(n), 0) FROM sent");
        const auto position = tables.position("s", "a.*");
        if (sent < published_) throw std::runtime_error("a committed row is lost");
        if (position < taken_) throw std::runtime_error("a place is forgotten");
        auto next = position;
        for (const auto& event : tables.after(position, "a.*", 1'000'000, 1 << 30))
            if (event.sequence != ++next) throw std::runtime_error("an event is lost");
        if (next != sent) throw std::runtime_error("rows and events differ");
        published_ = sent;
        taken_ = position;
    }

    static std::int64_t number(Database& database, const char* sql) {
        return std::get<std::int64_t>(database.rows(sql)[0][0]);
    }

    std::mt19937 random_;
    PowerCutDisk disk_;
    bool joined_ = false;
    std::int64_t published_ = 0, taken_ = 0; ///< what was acknowledged
};

} // namespace

TEST_CASE("durable events and the rows they were published with survive power cuts together") {
    Counts counts;
    for (std::uint32_t seed = 1; counts.cuts < rounds(500); ++seed) {
        Trial trial(seed);
        CAPTURE(seed);
        for (int i = 0; i < 20; ++i) REQUIRE_NOTHROW(trial.cut(counts));
    }
    std::cout << counts.cuts << " power cuts, " << counts.published << " transactions that published, " << counts.taken
              << " events taken\n";
    CHECK(counts.published > counts.cuts);
    CHECK(counts.taken > 0);
}

// The power is cut at random operations of the disk while a Database is opened, migrated, written, checkpointed and
// recovered. What each Durability promises must hold, and the test must find what is lost where nothing is promised.
#include "host/storage/database.hpp"
#include "power_cut_vfs.hpp"
#include "rounds.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <iostream>
#include <map>
#include <optional>

using namespace talome::fault;
using namespace talome::storage;

namespace {

using Content = std::map<std::int64_t, std::string>;
enum class Promise { powerCut, processCrash, nothing };

constexpr int kCutsOfADisk = 20;

const std::vector<Migration> kMigrations = {
    {1, "CREATE TABLE counter (n INTEGER); INSERT INTO counter VALUES (0);"
        "CREATE TABLE v (id INTEGER PRIMARY KEY, value TEXT)"},
    {2, "CREATE INDEX by_value ON v (value); ALTER TABLE v ADD COLUMN size INTEGER"}};

struct Counts {
    int cuts = 0, losses = 0;
    std::int64_t transactions = 0, inFlightKept = 0;
};

/// One disk, cut again and again.
class Trial {
public:
    Trial(std::uint32_t seed, Promise promise) : random_(seed), promise_(promise), disk_(seed) {}

    /// Returns whether everything was as promised.
    bool cut(Counts& counts) {
        const Loss loss = kLosses[random_() % std::size(kLosses)];
        disk_.wholeSectors(random_() % 4 == 0);
        disk_.cutAfter(1 + random_() % 150);
        writeUntilTheCut(counts);
        if (!disk_.off()) return false;
        disk_.restore(loss);
        ++counts.cuts;
        if (random_() % 4 == 0) { // once more, while SQLite recovers
            disk_.cutAfter(1 + random_() % 6);
            try {
                open().migrate(kMigrations);
            } catch (const DatabaseError&) {
                if (!disk_.off()) return false;
            }
            disk_.restore(kLosses[random_() % std::size(kLosses)]);
        }
        return isAsPromised(counts);
    }

private:
    Database open() {
        return Database("/disk/x.db",
                        promise_ == Promise::processCrash ? Durability::processCrash : Durability::powerCut,
                        disk_.vfs());
    }

    void writeUntilTheCut(Counts& counts) {
        try {
            Database database = open();
            if (promise_ == Promise::nothing) database.run("PRAGMA synchronous=OFF");
            // Far oftener than the server does, so that many cuts fall into a checkpoint.
            database.run("PRAGMA wal_autocheckpoint=" + std::to_string(3 + random_() % 30));
            database.migrate(kMigrations);
            migrated_ = true;
            for (;;) {
                Content next = history_.back();
                const auto changes = randomChanges(next);
                inFlight_ = next;
                database.transaction([&] {
                    for (const auto& [id, value] : changes) change(database, id, value);
                    database.run("UPDATE counter SET n = n + 1");
                    return true;
                });
                inFlight_.reset();
                history_.push_back(std::move(next)); // acknowledged
                ++counts.transactions;
            }
        } catch (const DatabaseError&) {
            return; // because of the cut, or of damage that it finds now
        }
    }

    static void change(Database& database, std::int64_t id, const std::optional<std::string>& value) {
        if (value)
            database.run(
                "INSERT INTO v (id, value) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value",
                {id, *value});
        else
            database.run("DELETE FROM v WHERE id = ?", {id});
    }

    std::map<std::int64_t, std::optional<std::string>> randomChanges(Content& next) {
        std::map<std::int64_t, std::optional<std::string>> changes;
        for (auto n = 1 + random_() % 6; n > 0; --n) {
            const auto id = static_cast<std::int64_t>(random_() % 60);
            if (random_() % 3 == 0) {
                changes[id] = std::nullopt;
                next.erase(id);
            } else {
                const auto length = random_() % (random_() % 8 ? 200 : 9000);
                changes[id] = next[id] = std::string(length, static_cast<char>('a' + random_() % 26));
            }
        }
        return changes;
    }

    bool isAsPromised(Counts& counts) {
        try {
            Database database = open();
            if (std::get<std::string>(database.rows("PRAGMA integrity_check")[0][0]) != "ok") return false;
            Content found;
            const bool tables = !database.rows("SELECT 1 FROM sqlite_master WHERE name = 'v'").empty();
            if (tables)
                for (const auto& row : database.rows("SELECT id, value FROM v"))
                    found[std::get<std::int64_t>(row[0])] = std::get<std::string>(row[1]);
            if (migrated_ && !tables && promise_ != Promise::processCrash) return false;
            return settle(std::move(found), counts);
        } catch (const DatabaseError&) {
            return false;
        }
    }

    /// Goes on from what was found, if it is a state that may be found.
    bool settle(Content found, Counts& counts) {
        bool fits = found == history_.back();
        if (!fits && inFlight_ && found == *inFlight_) {
            fits = true;
            ++counts.inFlightKept;
        }
        if (!fits && promise_ == Promise::processCrash) // the last transactions may be gone, as a whole
            fits = std::find(history_.begin(), history_.end(), found) != history_.end();
        history_.assign(1, std::move(found));
        inFlight_.reset();
        return fits;
    }

    std::mt19937 random_;
    const Promise promise_;
    PowerCutDisk disk_;
    bool migrated_ = false;
    std::vector<Content> history_{Content{}}; ///< what was acknowledged since the last cut, and what was there then
    std::optional<Content> inFlight_;
};

Counts cutAgainAndAgain(Promise promise, int rounds) {
    Counts counts;
    for (std::uint32_t seed = 1; counts.cuts < rounds; ++seed) {
        Trial trial(seed, promise);
        for (int i = 0; i < kCutsOfADisk && counts.cuts < rounds; ++i)
            if (!trial.cut(counts)) {
                ++counts.losses;
                if (promise != Promise::nothing) MESSAGE("seed ", seed, ", cut ", i + 1);
                break; // with a new disk
            }
    }
    std::cout << counts.cuts << " power cuts, " << counts.transactions << " acknowledged transactions, "
              << counts.losses << " losses, " << counts.inFlightKept << " cut in flight and kept\n";
    return counts;
}

} // namespace

TEST_CASE("what was acknowledged with Durability::powerCut survives a power cut") {
    const auto counts = cutAgainAndAgain(Promise::powerCut, rounds(1000));
    CHECK(counts.losses == 0);
    CHECK(counts.transactions > counts.cuts);
}

TEST_CASE("a power cut takes the last transactions of Durability::processCrash, whole, and damages nothing") {
    CHECK(cutAgainAndAgain(Promise::processCrash, rounds(1000)).losses == 0);
}

TEST_CASE("without syncs the same cuts lose data: the test can fail") {
    const auto counts = cutAgainAndAgain(Promise::nothing, 300);
    CHECK(counts.losses > 30);
}

#include "host/server/daily_snapshots.hpp"
#include "host/storage/database.hpp"
#include "host/storage/durable_file.hpp"
#include "host/storage/restore.hpp"
#include "host/storage/state_lock.hpp"

#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <thread>

using namespace talome;
using namespace talome::storage;

namespace {

/// A state of two databases and a secret.
struct State {
    std::filesystem::path folder;
    Places places;
    std::int64_t now = 1'772'366'400'000; // 2026-03-01T12:00:00Z

    State() {
        std::string name = (std::filesystem::temp_directory_path() / "talome-snap-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        places = {folder, folder / "host.db"};
        put("host.db", "host 1");
        put("docker.db", "docker 1");
        write(kSecretFile, "secret 1");
    }
    ~State() { std::filesystem::remove_all(folder); }

    void put(const std::string& file, const std::string& value) const {
        Database database(folder / file, Durability::processCrash);
        database.migrate({{1, "CREATE TABLE v (value TEXT)"}});
        database.run("DELETE FROM v");
        database.run("INSERT INTO v VALUES (?)", {value});
    }
    std::string get(const std::string& file) const {
        if (!std::filesystem::exists(folder / file)) return "";
        Database database(folder / file, Durability::processCrash);
        return std::get<std::string>(database.rows("SELECT value FROM v")[0][0]);
    }
    void write(const std::filesystem::path& file, const std::string& text) const {
        std::ofstream(folder / file, std::ios::trunc) << text;
    }
    std::string read(const std::filesystem::path& file) const { return readSmall(folder / file, 1000); }
    Snapshots snapshots(bool withSecret = true) const {
        return Snapshots(places, withSecret, [this] { return now; });
    }
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& each : snapshots().list()) all.push_back(each.name);
        return all;
    }
    /// What must not change when a restore is refused.
    std::vector<std::string> contents() const { return {get("host.db"), get("docker.db"), read(kSecretFile)}; }
};

} // namespace

TEST_CASE("a snapshot is restored with the secret, and what was there is kept aside") {
    State state;
    const auto made = state.snapshots().create("manual");
    CHECK(made.name == "2026-03-01T12-00-00Z");
    CHECK(made.madeAtMs() == state.now);
    CHECK(made.manifest.files.size() == 3);
    CHECK(made.manifest.files[0].schemaVersion == 1);
    state.put("host.db", "host 2");
    state.put("later.db", "of a plugin that came later");
    state.write("docker.db", "damaged");
    state.write("docker.db-wal", "damaged");
    state.write(kSecretFile, "secret 2");
    const auto restored = restore(state.places, made.name);
    CHECK(state.contents() == std::vector<std::string>{"host 1", "docker 1", "secret 1"});
    CHECK_FALSE(std::filesystem::exists(state.folder / "later.db"));
    CHECK(restored.secret);
    const auto aside = std::filesystem::relative(restored.replaced, state.folder);
    CHECK(state.read(aside / kSecretFile) == "secret 2");
    CHECK(state.read(aside / "docker.db") == "damaged");
    CHECK(state.get((aside / "host.db").string()) == "host 2");
    CHECK(state.get((aside / "later.db").string()) == "of a plugin that came later");
    CHECK_FALSE(std::filesystem::exists(state.folder / "restore.pending"));
    CHECK_FALSE(std::filesystem::exists(state.folder / "restore.tmp"));
}

TEST_CASE("a snapshot goes into an empty state of another name for host.db") {
    State state, fresh;
    const auto made = state.snapshots(false).create("manual");
    for (const auto* each : {"host.db", "docker.db", kSecretFile}) std::filesystem::remove(fresh.folder / each);
    const auto restored =
        restore({fresh.folder, fresh.folder / "talome.db"}, (state.places.snapshots() / made.name).string() + "/");
    CHECK_FALSE(restored.secret);
    CHECK(restored.replaced.empty());
    CHECK(fresh.get("talome.db") == "host 1");
    CHECK(fresh.get("host.db").empty());
    CHECK_FALSE(std::filesystem::exists(fresh.folder / kSecretFile));
}

TEST_CASE("what is not whole is refused, and nothing has changed") {
    State state;
    const auto made = state.snapshots().create("manual");
    const auto snapshot = state.places.snapshots() / made.name;
    state.put("host.db", "host 2");
    const auto before = state.contents();
    const auto inSnapshot = [&](const char* file) { return std::filesystem::relative(snapshot / file, state.folder); };
    SUBCASE("a changed byte") {
        std::fstream file(snapshot / "docker.db", std::ios::in | std::ios::out);
        file.seekp(5000);
        file.put('!');
        file.close();
        CHECK_THROWS_WITH_AS(restore(state.places, made.name), doctest::Contains("docker.db: is not what was written"),
                             SnapshotDamaged);
    }
    SUBCASE("a file cut short") {
        std::filesystem::resize_file(snapshot / "host.db", 100);
        CHECK_THROWS_AS(restore(state.places, made.name), SnapshotDamaged);
    }
    SUBCASE("a missing file") {
        std::filesystem::remove(snapshot / kSecretFile);
        CHECK_THROWS_AS(restore(state.places, made.name), SnapshotDamaged);
    }
    SUBCASE("a file too many") {
        state.write(inSnapshot("other.db"), "");
        CHECK_THROWS_AS(restore(state.places, made.name), SnapshotDamaged);
    }
    SUBCASE("no manifest") {
        std::filesystem::remove(snapshot / kManifestFile);
        CHECK_THROWS_WITH_AS(restore(state.places, made.name), doctest::Contains("manifest.json"), SnapshotDamaged);
        CHECK_FALSE(state.snapshots().list()[0].damaged.empty());
    }
    SUBCASE("a manifest that leads elsewhere") {
        auto text = readSmall(snapshot / kManifestFile, 100'000);
        text.replace(text.find("docker.db"), 9, "../evil.db");
        state.write(inSnapshot(kManifestFile), text);
        CHECK_THROWS_AS(restore(state.places, made.name), SnapshotDamaged);
    }
    SUBCASE("a link instead of a file") {
        std::filesystem::rename(snapshot / "docker.db", state.folder / "elsewhere");
        std::filesystem::create_symlink(state.folder / "elsewhere", snapshot / "docker.db");
        CHECK_THROWS_AS(restore(state.places, made.name), SnapshotDamaged);
    }
    SUBCASE("names that are none") {
        CHECK_THROWS(restore(state.places, "2026-03-01T12-00-01Z"));
        CHECK_THROWS(restore(state.places, ".."));
        CHECK_THROWS(restore(state.places, ""));
        CHECK_THROWS(restore(state.places, "/"));
    }
    SUBCASE("a running server") {
        const StateLock lock(state.folder);
        CHECK_THROWS_AS(restore(state.places, made.name), StateInUse);
    }
    CHECK(state.contents() == before);
    CHECK_FALSE(std::filesystem::exists(state.folder / "replaced"));
    CHECK_FALSE(std::filesystem::exists(state.folder / "restore.tmp"));
}

TEST_CASE("a snapshot that was cut off does not count, and goes with the next one") {
    State state;
    std::filesystem::create_directories(state.places.snapshots() / ".making-2026-03-01T11-00-00Z");
    CHECK(state.names().empty());
    state.write("docker.db", "this is no database, and it is longer than the header of one would be: so it is refused");
    CHECK_THROWS_WITH(state.snapshots().create("daily"), doctest::Contains("docker.db"));
    CHECK(std::filesystem::is_empty(state.places.snapshots()));
    std::filesystem::remove(state.folder / "docker.db");
    state.snapshots().create("daily");
    CHECK(state.names() == std::vector<std::string>{"2026-03-01T12-00-00Z"});
    std::filesystem::remove(state.folder / kSecretFile);
    CHECK_THROWS_WITH(state.snapshots(true).create("daily"), doctest::Contains(kSecretFile));
}

TEST_CASE("seven daily ones are kept, and as many others") {
    State state;
    auto snapshots = state.snapshots();
    for (int i = 0; i < 9; ++i) {
        snapshots.create("daily");
        state.now += 86'400'000;
    }
    for (int i = 0; i < 11; ++i) snapshots.create("manual"); // all within one second
    const auto names = state.names();
    CHECK(names.size() == 14);
    CHECK(names.front() == "2026-03-10T12-00-00Z-11");
    CHECK(names[6] == "2026-03-10T12-00-00Z-5");
    CHECK(names[7] == "2026-03-09T12-00-00Z");
    CHECK(names.back() == "2026-03-03T12-00-00Z");
}

TEST_CASE("a clock that was wrong costs no new snapshot") {
    State state;
    auto snapshots = state.snapshots();
    const auto right = state.now;
    state.now += 50 * 86'400'000ll;
    for (int i = 0; i < 7; ++i, state.now += 86'400'000) snapshots.create("daily");
    state.now = right;
    for (int i = 0; i < 7; ++i, state.now += 86'400'000) {
        const auto made = snapshots.create("daily").name;
        const auto names = state.names();
        CHECK(names.size() == 7);
        CHECK(std::find(names.begin(), names.end(), made) != names.end());
    }
    CHECK(state.names().back() == "2026-03-01T12-00-00Z");
}

TEST_CASE("an empty database is part of a snapshot") {
    State state;
    { Database database(state.folder / "empty.db", Durability::processCrash); }
    state.write("nothing.db", "");
    const auto made = state.snapshots().create("manual");
    CHECK(made.manifest.files.size() == 5);
    std::filesystem::remove(state.folder / "empty.db");
    restore(state.places, made.name);
    CHECK(std::filesystem::exists(state.folder / "empty.db"));
    CHECK(std::filesystem::exists(state.folder / "nothing.db"));
}

TEST_CASE("a snapshot holds one moment of a database that is written all the time") {
    State state;
    Database database(state.folder / "busy.db", Durability::processCrash);
    database.migrate({{1, "CREATE TABLE a (n INTEGER); CREATE TABLE b (n INTEGER)"}});
    std::atomic<bool> end = false;
    std::thread writer([&] {
        for (std::int64_t n = 0; !end; ++n)
            database.transaction([&] {
                database.run("INSERT INTO a VALUES (?)", {n});
                database.run("INSERT INTO b VALUES (?)", {n});
                return true;
            });
    });
    for (int i = 0; i < 5; ++i) {
        const auto made = state.snapshots().create("manual");
        Database copy(state.places.snapshots() / made.name / "busy.db", Durability::processCrash);
        CHECK(copy.rows("SELECT count(*) FROM a") == copy.rows("SELECT count(*) FROM b"));
    }
    end = true;
    writer.join();
}

TEST_CASE("a restore that was cut off after it counted is finished, from any point") {
    const auto cutAfter = [](int steps) {
        State state;
        const auto made = state.snapshots().create("manual");
        state.put("host.db", "host 2");
        state.put("later.db", "later");
        state.write("docker.db-wal", "of another file");
        // By hand, what restore() leaves at the moment at which it counts, and then so many of the steps after it.
        const auto pending = state.folder / "restore.pending";
        std::filesystem::create_directories(pending / "new");
        for (const auto& file : made.manifest.files)
            std::filesystem::copy(state.places.snapshots() / made.name / file.name, pending / "new" / file.name);
        writeDurably(pending / "plan.json", R"({"files":["host.db","docker.db","talome.secret"],"replaced":"then"})");
        const auto aside = state.folder / "replaced" / "then";
        const std::vector<std::pair<std::filesystem::path, std::filesystem::path>> moves = {
            {state.folder / "later.db", aside / "later.db"},
            {state.folder / "host.db", aside / "host.db"},
            {state.folder / "docker.db", aside / "docker.db"},
            {state.folder / "docker.db-wal", aside / "docker.db-wal"},
            {state.folder / kSecretFile, aside / kSecretFile},
            {pending / "new" / "host.db", state.folder / "host.db"},
            {pending / "new" / "docker.db", state.folder / "docker.db"},
            {pending / "new" / kSecretFile, state.folder / kSecretFile}};
        if (steps > 0) std::filesystem::create_directories(aside);
        for (int i = 0; i < steps && i < static_cast<int>(moves.size()); ++i)
            std::filesystem::rename(moves[static_cast<std::size_t>(i)].first,
                                    moves[static_cast<std::size_t>(i)].second);
        CHECK(finishRestore(state.places));
        CHECK_FALSE(finishRestore(state.places));
        CHECK(state.contents() == std::vector<std::string>{"host 1", "docker 1", "secret 1"});
        CHECK(state.get("replaced/then/host.db") == "host 2");
        CHECK(state.get("replaced/then/later.db") == "later");
        CHECK(state.read("replaced/then/docker.db-wal") == "of another file");
    };
    for (int steps = 0; steps <= 8; ++steps) {
        CAPTURE(steps);
        cutAfter(steps);
    }
}

TEST_CASE("a daily snapshot is made once a day, whatever is restarted") {
    State state;
    auto snapshots = state.snapshots();
    tasks::Reactor reactor;
    tasks::Pool pool(2);
    using std::chrono::milliseconds;
    std::atomic<std::int64_t> now = state.now;
    const auto clock = [&] { return now.load(); };
    const DailySnapshots::Times times{std::chrono::hours(24), milliseconds(1), milliseconds(1)};
    const auto whileItRuns = [&](std::size_t wanted) {
        DailySnapshots daily(reactor, pool, snapshots, clock, times);
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (state.names().size() < wanted && std::chrono::steady_clock::now() < end)
            std::this_thread::sleep_for(milliseconds(1));
        std::this_thread::sleep_for(milliseconds(30)); // one too many would come now
        return state.names().size();
    };
    CHECK(whileItRuns(1) == 1);
    CHECK(whileItRuns(1) == 1); // a restart
    now += 86'399'000;
    CHECK(whileItRuns(1) == 1);
    state.now = now += 1'000;
    CHECK(whileItRuns(2) == 2);
    state.now = now -= 10 * 86'400'000ll; // the clock was wrong: the others are from the future
    CHECK(whileItRuns(3) == 3);
}

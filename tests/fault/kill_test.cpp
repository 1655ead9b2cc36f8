// kill -9 in the middle of writes: children that use Database as the server does (several threads, one file of each
// Durability) tell through a pipe what was acknowledged, and die at a random moment. fork() and not exec(), so that
// thousands of rounds are a matter of minutes.
#include "host/storage/database.hpp"
#include "rounds.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <iostream>
#include <limits>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace talome::fault;
using namespace talome::storage;

namespace {

constexpr int kWriters = 3;
constexpr int kRoundsOfAState = 40; // then a new one: the first start is killed, too, and checks stay fast
constexpr int kLanes = 4; // they wait for the disk most of the time

struct Store {
    const char* file;
    Durability durability;
};
constexpr std::array kStores = {Store{"host.db", Durability::powerCut}, Store{"docker.db", Durability::processCrash}};

const std::vector<Migration> kMigrations = {
    {1, "CREATE TABLE rows (writer INTEGER, n INTEGER, text TEXT, PRIMARY KEY (writer, n))"},
    {2, "CREATE TABLE last (writer INTEGER PRIMARY KEY, n INTEGER); CREATE INDEX by_text ON rows (text)"}};

/// One write that was acknowledged, as it goes through the pipe. n = 0: the file was opened and migrated.
struct Acknowledged {
    int store, writer;
    std::int64_t n;
};

using Numbers = std::array<std::array<std::int64_t, kWriters>, kStores.size()>;

struct Totals {
    std::int64_t rounds = 0, writes = 0, inFlightKept = 0;
};

std::int64_t number(const Row& row) { return std::get<std::int64_t>(row[0]); }

/// Never returns: it is killed. It ends by itself only if a write fails.
[[noreturn]] void child(const std::filesystem::path& folder, int pipe, const Numbers& from) {
    const auto tell = [pipe](const Acknowledged& what) {
        if (::write(pipe, &what, sizeof what) != sizeof what) ::_exit(3);
    };
    try {
        std::vector<std::unique_ptr<Database>> databases;
        for (std::size_t s = 0; s < kStores.size(); ++s) {
            databases.push_back(std::make_unique<Database>(folder / kStores[s].file, kStores[s].durability));
            databases[s]->migrate(kMigrations);
            databases[s]->run("PRAGMA wal_autocheckpoint=20"); // so that kills fall into checkpoints as well
            tell({static_cast<int>(s), 0, 0});
        }
        std::vector<std::thread> writers;
        for (int w = 0; w < kWriters; ++w)
            writers.emplace_back([&, w] {
                try {
                    for (std::int64_t step = 1;; ++step)
                        for (std::size_t s = 0; s < kStores.size(); ++s) {
                            const auto n = from[s][static_cast<std::size_t>(w)] + step;
                            databases[s]->transaction([&] {
                                const std::string text(static_cast<std::size_t>(n * 37 % 1500), 'x');
                                databases[s]->run("INSERT INTO rows VALUES (?, ?, ?)", {std::int64_t{w}, n, text});
                                databases[s]->run("INSERT INTO last VALUES (?, ?) ON CONFLICT (writer) DO UPDATE SET n "
                                                  "= excluded.n",
                                                  {std::int64_t{w}, n});
                                return true;
                            });
                            tell({static_cast<int>(s), w, n});
                        }
                } catch (const std::exception& error) {
                    std::cerr << "a write failed: " << error.what() << '\n';
                    ::_exit(2);
                }
            });
        for (auto& each : writers) each.join();
    } catch (const std::exception& error) {
        std::cerr << "a start failed: " << error.what() << '\n';
    }
    ::_exit(2);
}

/// Rounds one after the other, in a process of its own. Throws std::runtime_error with what was lost.
class Lane {
public:
    explicit Lane(std::uint32_t seed) : random_(seed) {}
    ~Lane() { std::filesystem::remove_all(folder_); }
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    void round(Totals& totals) {
        if (totals.rounds % kRoundsOfAState == 0) freshState();
        int pipe[2];
        if (::pipe2(pipe, O_CLOEXEC) < 0) throw std::runtime_error("no pipe");
        const auto pid = ::fork();
        if (pid < 0) throw std::runtime_error("no child");
        if (pid == 0) child(folder_, pipe[1], acknowledged_);
        ::close(pipe[1]);
        // After so many acknowledgements and a moment more; in one of four rounds at any moment of the start.
        if (random_() % 4) read(pipe[0], totals, 3 + random_() % 20);
        std::this_thread::sleep_for(std::chrono::microseconds(random_() % 4'000));
        ::kill(pid, SIGKILL);
        read(pipe[0], totals, std::numeric_limits<std::uint64_t>::max());
        ::close(pipe[0]);
        int status = 0;
        ::waitpid(pid, &status, 0);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) throw std::runtime_error("a child ended by itself");
        verify(totals);
        ++totals.rounds;
    }

private:
    void freshState() {
        std::filesystem::remove_all(folder_);
        std::string name = (std::filesystem::temp_directory_path() / "talome-kill-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        acknowledged_ = {};
        opened_ = {};
    }

    /// So many, or to the end.
    void read(int pipe, Totals& totals, std::uint64_t most) {
        Acknowledged what{};
        while (most > 0) {
            const auto n = ::read(pipe, &what, sizeof what); // writes of this size are atomic
            if (n == 0) return;
            if (n < 0 && errno == EINTR) continue;
            if (n != sizeof what) throw std::runtime_error("a cut record in the pipe");
            const auto store = static_cast<std::size_t>(what.store), writer = static_cast<std::size_t>(what.writer);
            --most;
            opened_[store] = true;
            if (what.n == 0) continue;
            acknowledged_[store][writer] = what.n;
            ++totals.writes;
        }
    }

    void verify(Totals& totals) {
        for (std::size_t s = 0; s < kStores.size(); ++s) {
            const std::string file = kStores[s].file;
            Database database(folder_ / file, kStores[s].durability);
            if (const auto found = database.rows("PRAGMA integrity_check(1)"); found[0][0] != Value{std::string("ok")})
                throw std::runtime_error(file + ": " + std::get<std::string>(found[0][0]));
            const auto tables = number(database.rows("SELECT count(*) FROM sqlite_master WHERE type = 'table'")[0]);
            if (opened_[s] && tables != 3) throw std::runtime_error(file + ": a migration is lost");
            if (tables != 3) continue;
            for (int w = 0; w < kWriters; ++w)
                verify(database, file, w, acknowledged_[s][static_cast<std::size_t>(w)], totals);
        }
    }

    /// Every row up to the last acknowledged, perhaps the one in flight, and no other.
    static void verify(Database& database, const std::string& file, std::int64_t writer, std::int64_t& acknowledged,
                       Totals& totals) {
        const auto last = number(database.rows("SELECT coalesce(max(n), 0) FROM last WHERE writer = ?", {writer})[0]);
        const auto count = number(database.rows("SELECT count(*) FROM rows WHERE writer = ?", {writer})[0]);
        const auto most = number(database.rows("SELECT coalesce(max(n), 0) FROM rows WHERE writer = ?", {writer})[0]);
        const auto say = [&](const char* what) {
            throw std::runtime_error(file + ", writer " + std::to_string(writer) + ": " + what + " (acknowledged " +
                                     std::to_string(acknowledged) + ", counted " + std::to_string(count) + ", last " +
                                     std::to_string(last) + ")");
        };
        if (last < acknowledged) say("an acknowledged write is lost");
        if (last > acknowledged + 1) say("more was written than can have been in flight");
        if (count != last || most != last) say("half a transaction");
        totals.inFlightKept += last - acknowledged;
        acknowledged = last;
    }

    std::mt19937 random_;
    std::filesystem::path folder_;
    Numbers acknowledged_{};
    std::array<bool, kStores.size()> opened_{};
};

/// In a process of its own, so that lanes run beside each other and no thread is there when a round forks.
[[noreturn]] void lane(std::uint32_t seed, std::int64_t rounds, int result) {
    Totals totals;
    try {
        Lane lane(seed);
        while (totals.rounds < rounds) lane.round(totals);
    } catch (const std::exception& error) {
        std::cerr << "seed " << seed << ", round " << totals.rounds << ": " << error.what() << '\n';
        ::_exit(1);
    }
    ::_exit(::write(result, &totals, sizeof totals) == sizeof totals ? 0 : 1);
}

} // namespace

TEST_CASE("what was acknowledged survives kill -9") {
    const int all = rounds(200);
    std::cout.flush();
    std::vector<std::pair<pid_t, int>> lanes;
    for (int i = 0; i < kLanes; ++i) {
        int pipe[2];
        REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
        const auto pid = ::fork();
        REQUIRE(pid >= 0);
        if (pid == 0) lane(static_cast<std::uint32_t>(i + 1), (all + i) / kLanes, pipe[1]);
        ::close(pipe[1]);
        lanes.emplace_back(pid, pipe[0]);
    }
    Totals sum;
    for (const auto& [pid, result] : lanes) {
        int status = 0;
        ::waitpid(pid, &status, 0);
        CHECK(status == 0);
        Totals one;
        if (::read(result, &one, sizeof one) == sizeof one) {
            sum.rounds += one.rounds;
            sum.writes += one.writes;
            sum.inFlightKept += one.inFlightKept;
        }
        ::close(result);
    }
    std::cout << sum.rounds << " kills, " << sum.writes << " acknowledged writes, " << sum.inFlightKept
              << " killed in flight and kept\n";
    CHECK(sum.rounds == all);
    CHECK(sum.writes > all);
}

#include "host/audit/verify.hpp"

#include "host/audit/log.hpp"
#include "host/audit/test_folder.hpp"

#include <atomic>
#include <csignal>
#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace talome;
using namespace talome::audit;

namespace {

/// A log of ten rows that nobody has open, and somebody who has its file.
struct Tampered {
    TestFolder folder;
    const std::filesystem::path file = folder / "audit.db";

    Tampered() {
        Log log(file, kTestKey, [] { return std::int64_t{1}; });
        for (int i = 0; i < 10; ++i) log.append(entry("apps.install", "user" + std::to_string(i)));
    }
    /// With nothing but SQLite, and without the triggers.
    Tampered& sql(const std::string& text) {
        sqlite3* raw = nullptr;
        REQUIRE(sqlite3_open(file.c_str(), &raw) == SQLITE_OK);
        const auto script = "DROP TRIGGER IF EXISTS audit_log_insert; DROP TRIGGER IF EXISTS audit_log_update; "
                            "DROP TRIGGER IF EXISTS audit_log_delete; " +
                            text;
        char* error = nullptr;
        const int code = sqlite3_exec(raw, script.c_str(), nullptr, nullptr, &error);
        CHECK_MESSAGE(code == SQLITE_OK, std::string(error ? error : ""));
        sqlite3_free(error);
        sqlite3_close(raw);
        return *this;
    }
    Verdict verdict() const { return verifyFile(file, kTestKey); }
    void append() {
        Log log(file, kTestKey, [] { return std::int64_t{1}; });
        log.append(entry("apps.remove"));
    }
};

} // namespace

TEST_CASE("audit verify: an untouched log is right, also an empty one") {
    TestFolder folder;
    {
        Log log(folder / "audit.db", kTestKey, [] { return std::int64_t{1}; });
    }
    CHECK(verifyFile(folder / "audit.db", kTestKey).fault == Fault::none);
    const auto verdict = Tampered().verdict();
    CHECK(verdict.fault == Fault::none);
    CHECK(verdict.words.empty());
    CHECK(verdict.rows == 10);
    CHECK(verdict.first == 1);
    CHECK(verdict.last == 10);
    CHECK_THROWS_WITH(verifyFile(folder / "none.db", kTestKey), doctest::Contains("does not exist"));
    CHECK_FALSE(std::filesystem::exists(folder / "none.db"));
}

TEST_CASE("audit verify: each kind of tampering is found, at its row") {
    struct Kind {
        const char* sql;
        Fault fault;
        std::int64_t id;
    };
    const std::string move = "UPDATE audit_log SET id = -1 WHERE id = 4; UPDATE audit_log SET id = 4 WHERE id = 7; "
                             "UPDATE audit_log SET id = 7 WHERE id = -1";
    for (const auto& kind : std::initializer_list<Kind>{
             {"UPDATE audit_log SET username = 'eve' WHERE id = 5", Fault::changed, 5},
             {"UPDATE audit_log SET at = 2 WHERE id = 10", Fault::changed, 10},
             {"UPDATE audit_log SET outcome = 'denied', words = 'no' WHERE id = 1", Fault::changed, 1},
             {"UPDATE audit_log SET action = 'apps', tier = '.installmodify' WHERE id = 2", Fault::changed, 2},
             {"UPDATE audit_log SET peer = x'00' WHERE id = 3", Fault::changed, 3},
             {"UPDATE audit_log SET mac = zeroblob(32) WHERE id = 6", Fault::changed, 6},
             {"DELETE FROM audit_log WHERE id = 5", Fault::removed, 5},
             {"DELETE FROM audit_log WHERE id < 4", Fault::removed, 1},
             {"DELETE FROM audit_log WHERE id BETWEEN 5 AND 7", Fault::removed, 5},
             {"DELETE FROM audit_log WHERE id = 5; UPDATE audit_log SET id = id - 1 WHERE id > 5", Fault::changed, 5},
             {move.c_str(), Fault::reordered, 4},
             {"DELETE FROM audit_log WHERE id = 10", Fault::truncated, 10},
             {"DELETE FROM audit_log WHERE id > 3", Fault::truncated, 4},
             {"DELETE FROM audit_log", Fault::truncated, 1},
             {"INSERT INTO audit_log SELECT 11, at, action, tier, outcome, user_id, username, origin, credential, "
              "credential_id, peer, user_agent, request_id, plugin, target_kind, target, approval_id, duration_ms, "
              "input, words, mac FROM audit_log WHERE id = 10",
              Fault::added, 11},
             {"DELETE FROM audit_log WHERE id = 10; UPDATE audit_ends SET id = 9, mac = (SELECT mac FROM audit_log "
              "WHERE id = 9)",
              Fault::head, 9},
             {"DELETE FROM audit_ends", Fault::head, 10},
             {"DELETE FROM audit_log; DELETE FROM audit_ends", Fault::head, 0},
             {"UPDATE audit_ends SET id = 'x'", Fault::head, 10},
             {"DELETE FROM audit_log WHERE id < 4; INSERT INTO audit_ends SELECT 'anchor', id - 1, mac, mac FROM "
              "audit_log WHERE id = 4",
              Fault::anchor, 3}}) {
        CAPTURE(kind.sql);
        const auto verdict = Tampered().sql(kind.sql).verdict();
        CHECK(verdict.fault == kind.fault);
        CHECK(verdict.id == kind.id);
        CHECK_FALSE(verdict.words.empty());
    }
}

TEST_CASE("audit verify: another key fits nothing") {
    const Tampered log;
    CHECK(verifyFile(log.file, std::string(32, 'x')).fault == Fault::changed);
}

TEST_CASE("audit verify: what was taken is found also after the log has gone on") {
    for (const char* sql :
         {"DELETE FROM audit_log WHERE id > 7", "DELETE FROM audit_log WHERE id = 10; DELETE FROM audit_ends",
          "DELETE FROM audit_ends", "DELETE FROM audit_log",
          "DELETE FROM audit_log WHERE id = 10; UPDATE audit_ends SET id = 9, mac = (SELECT mac FROM "
          "audit_log WHERE id = 9)"}) {
        CAPTURE(sql);
        Tampered log;
        log.sql(sql).append();
        CHECK(log.verdict().fault == Fault::removed);
        log.append();
        CHECK(log.verdict().fault == Fault::removed);
    }
}

TEST_CASE("audit verify: while eight threads append") {
    TestFolder folder;
    Log log(folder / "audit.db", kTestKey, [] { return std::int64_t{1}; });
    std::atomic<bool> stop{false};
    std::atomic<std::int64_t> appended{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
            while (!stop) {
                log.append(entry("a.b"));
                ++appended;
            }
        });
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(700);
    int verified = 0;
    while (std::chrono::steady_clock::now() < end) {
        const auto before = appended.load();
        const auto verdict = verify(log.reader(), log.chain());
        CHECK_MESSAGE(verdict.fault == Fault::none, verdict.words);
        CHECK(verdict.last >= before); // what was acknowledged is there
        ++verified;
    }
    stop = true;
    for (auto& each : threads) each.join();
    CHECK(verified > 1);
    CHECK(verify(log.reader(), log.chain()).rows == appended);
}

TEST_CASE("audit verify: cancelled") {
    const Tampered log;
    storage::Database database(log.file, storage::Durability::powerCut);
    CHECK_THROWS_AS(verify(database, Chain(kTestKey), [] { return true; }), std::runtime_error);
}

// A child appends until it is killed; what it said is there was there.
TEST_CASE("audit verify: after kill -9, nothing acknowledged is missing") {
    for (int round = 0; round < 20; ++round) {
        TestFolder folder;
        int pipe[2];
        REQUIRE(::pipe(pipe) == 0);
        const auto child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            try {
                Log log(folder / "audit.db", kTestKey, [] { return std::int64_t{1}; });
                std::vector<std::thread> threads;
                for (int i = 0; i < 3; ++i)
                    threads.emplace_back([&] {
                        for (;;) {
                            log.append(entry("a.b"));
                            if (::write(pipe[1], "x", 1) != 1) ::_exit(1);
                        }
                    });
                for (auto& each : threads) each.join();
            } catch (const std::exception&) {
            }
            ::_exit(1);
        }
        ::close(pipe[1]);
        std::int64_t acknowledged = 0;
        char byte;
        while (acknowledged < 5 + 13 * round && ::read(pipe[0], &byte, 1) == 1) ++acknowledged;
        ::kill(child, SIGKILL);
        while (::read(pipe[0], &byte, 1) == 1) ++acknowledged;
        ::close(pipe[0]);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status));
        const auto verdict = verifyFile(folder / "audit.db", kTestKey);
        CHECK_MESSAGE(verdict.fault == Fault::none, verdict.words);
        CHECK(verdict.rows >= acknowledged);
    }
}

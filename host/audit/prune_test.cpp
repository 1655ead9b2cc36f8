#include "host/audit/log.hpp"
#include "host/audit/test_folder.hpp"
#include "host/audit/verify.hpp"

#include <atomic>
#include <doctest/doctest.h>
#include <thread>

using namespace talome;
using namespace talome::audit;

namespace {

void fill(Log& log, std::int64_t first, std::int64_t n) {
    for (auto at = first; at < first + n; ++at) {
        auto one = entry("a.b");
        one.at = at;
        log.append(one);
    }
}

} // namespace

TEST_CASE("audit prune: old rows go, the rest still verifies, and goes on") {
    TestFolder folder;
    {
        Log log(folder / "audit.db", kTestKey, [] { return std::int64_t{1}; });
        fill(log, 1, 450);
        CHECK(log.prune(1) == 0);
        CHECK(log.prune(441) == 440);
        CHECK(log.prune(441) == 0);
        const auto verdict = verify(log.reader(), log.chain());
        CHECK_MESSAGE(verdict.fault == Fault::none, verdict.words);
        CHECK(verdict.first == 441);
        CHECK(verdict.rows == 10);
        CHECK_THROWS_WITH(log.reader().run("DELETE FROM audit_log"), doctest::Contains("append-only"));
    }
    Log log(folder / "audit.db", kTestKey, [] { return std::int64_t{1}; });
    fill(log, 1000, 1);
    CHECK(log.prune(999) == 10);
    CHECK(log.prune(2000) == 1);
    CHECK(verify(log.reader(), log.chain()).fault == Fault::none);
    fill(log, 3000, 2);
    CHECK(verify(log.reader(), log.chain()).first == 452);
}

TEST_CASE("audit prune: a newer row keeps what comes after it") {
    TestFolder folder;
    Log log(folder / "audit.db", kTestKey, [] { return std::int64_t{1}; });
    fill(log, 1, 3);
    fill(log, 100, 1); // the clock was set back after this one
    fill(log, 4, 3);
    CHECK(log.prune(50) == 3);
    CHECK(verify(log.reader(), log.chain()).rows == 4);
}

TEST_CASE("audit prune: the first rows, removed by others, are found behind an anchor too") {
    TestFolder folder;
    Log log(folder / "audit.db", kTestKey, [] { return std::int64_t{1}; });
    fill(log, 1, 20);
    log.prune(6);
    log.reader().run("DROP TRIGGER audit_log_delete");
    log.reader().run("DELETE FROM audit_log WHERE id < 10");
    const auto verdict = verify(log.reader(), log.chain());
    CHECK(verdict.fault == Fault::removed);
    CHECK(verdict.id == 6);
    CHECK_THROWS_WITH(log.prune(100), doctest::Contains("are kept"));
    CHECK(verify(log.reader(), log.chain()).id == 6);
}

TEST_CASE("audit prune: while others append and verify") {
    TestFolder folder;
    std::atomic<std::int64_t> clock{1};
    Log log(folder / "audit.db", kTestKey, [&] { return clock.load(); });
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] {
            while (!stop) {
                ++clock;
                log.append(entry("a.b"));
            }
        });
    threads.emplace_back([&] {
        while (!stop) log.prune(clock - 50);
    });
    while (clock < 150) {
        const auto verdict = verify(log.reader(), log.chain());
        CHECK_MESSAGE(verdict.fault == Fault::none, verdict.words);
    }
    stop = true;
    for (auto& each : threads) each.join();
    CHECK(log.prune(clock - 50) >= 0);
    const auto verdict = verify(log.reader(), log.chain());
    CHECK(verdict.fault == Fault::none);
    CHECK(verdict.rows < 60);
    CHECK(verdict.last >= 145);
}

TEST_CASE("audit: what strangers are refused is bounded, and told") {
    TestFolder folder;
    std::int64_t now = 1'700'000'000'000;
    std::int64_t due = 0;
    {
        Log log(folder / "audit.db", kTestKey, [&] { return now; });
        log.onSuppressed([&](std::int64_t at) { due = at; });
        auto refused = entry("users.list", "");
        refused.outcome = "denied";
        for (int i = 0; i < 1000; ++i) log.append(refused);
        const auto rows = [&] { return verify(log.reader(), log.chain()).rows; };
        CHECK(rows() == 20);
        CHECK(due == now + 60'000);
        log.tellSuppressed();
        CHECK(rows() == 20);
        now = due;
        log.tellSuppressed();
        CHECK(rows() == 21);
        for (int i = 0; i < 30; ++i) log.append(refused);
        now += 60'000;
        log.append(entry("apps.install")); // anybody's row brings what is due
        CHECK(rows() == 43);
    }
    CHECK(verifyFile(folder / "audit.db", kTestKey).fault == Fault::none);
}

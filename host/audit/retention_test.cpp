#include "host/audit/retention.hpp"

#include "host/audit/test_folder.hpp"
#include "host/audit/verify.hpp"

#include <doctest/doctest.h>

using namespace talome;
using namespace talome::audit;

TEST_CASE("audit retention: what was counted is told at the latest at the end") {
    TestFolder folder;
    Log log(folder / "audit.db", kTestKey, [] { return std::int64_t{1'700'000'000'000}; });
    tasks::Reactor reactor;
    tasks::Pool pool(1);
    {
        Retention retention(
            log, reactor, pool, [] { return std::int64_t{365}; }, [] { return std::int64_t{1'700'000'000'000}; });
        retention.start();
        auto refused = entry("users.list", "");
        refused.outcome = "denied";
        for (int i = 0; i < 25; ++i) log.append(refused);
        CHECK(verify(log.reader(), log.chain()).rows == 20);
    }
    CHECK(verify(log.reader(), log.chain()).rows == 21);
    auto refused = entry("users.list", "");
    refused.outcome = "denied";
    for (int i = 0; i < 25; ++i) log.append(refused); // the hook's tasks rest by now
}

TEST_CASE("audit retention: what was counted is told when its minute is over") {
    TestFolder folder;
    std::atomic<std::int64_t> now{1'700'000'000'000};
    Log log(folder / "audit.db", kTestKey, [&] { return now.load(); });
    tasks::Reactor reactor;
    tasks::Pool pool(1);
    Retention retention(
        log, reactor, pool, [] { return std::int64_t{365}; }, [&] { return now += 59'500; });
    retention.start();
    auto refused = entry("users.list", "");
    refused.outcome = "denied";
    for (int i = 0; i < 21; ++i) log.append(refused);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (verify(log.reader(), log.chain()).rows < 21 && std::chrono::steady_clock::now() < end) {
    }
    CHECK(verify(log.reader(), log.chain()).rows == 21);
}

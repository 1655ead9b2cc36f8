#include "host/gate/approvals.hpp"
#include "host/gate/failure.hpp"
#include "host/storage/host_schema.hpp"

#include <atomic>
#include <doctest/doctest.h>
#include <thread>

namespace storage = talome::storage;
using namespace talome::gate;

namespace {

struct Desk {
    storage::Database database{":memory:", storage::Durability::processCrash};
    std::atomic<std::int64_t> now{1'000'000};
    Approvals approvals{(database.migrate(storage::hostMigrations()), database), std::string(32, 'k'),
                        [this] { return now.load(); }};
    Principal caller;
    std::string operation = "box.remove", tier = "destructive", input = R"({"id":"a"})";
    std::string_view plugin;

    Desk() {
        caller.authenticated = true;
        caller.userId = "u1";
        caller.role = "admin";
        caller.origin = Origin::mcp;
        caller.credential = Credential::token;
        caller.sessionId = "t1";
    }
    Approvals::Wanted wanted() const { return {caller, plugin, operation, tier, input, input}; }
    std::string refusal(const std::string& id) {
        try {
            approvals.use(id, wanted());
            return "used";
        } catch (const Failure& failure) {
            CHECK(failure.status == TALOME_E_CONFLICT);
            return failure.what();
        }
    }
};

} // namespace

TEST_CASE("an approval serves its call once") {
    Desk desk;
    const auto asked = desk.approvals.ask(desk.wanted());
    CHECK(statusOf(asked, desk.now) == "pending");
    CHECK(desk.refusal(asked.id).ends_with("is not answered yet"));
    desk.approvals.decide(asked.id, true, "u1", "");
    CHECK(desk.refusal(asked.id) == "used");
    CHECK(desk.refusal(asked.id).find("used already") != std::string::npos);
}

TEST_CASE("an approval serves no other call") {
    Desk desk;
    const auto id = desk.approvals.ask(desk.wanted()).id;
    desk.approvals.decide(id, true, "u1", "");
    const auto foreign = [&](auto change) {
        const auto caller = desk.caller;
        const auto operation = desk.operation, input = desk.input;
        change();
        CHECK(desk.refusal(id).find("not for this call") != std::string::npos);
        desk.caller = caller;
        desk.operation = operation;
        desk.input = input;
        desk.plugin = {};
    };
    foreign([&] { desk.input = R"({"id":"b"})"; });
    foreign([&] { desk.operation = "box.burn"; });
    foreign([&] { desk.caller.sessionId = "t2"; });
    foreign([&] { desk.caller.userId = "u2"; });
    foreign([&] { desk.caller.credential = Credential::session; });
    foreign([&] { desk.plugin = "mcp"; });
    CHECK(desk.refusal(id) == "used");
}

TEST_CASE("asking again for the same call waits for the same answer") {
    Desk desk;
    const auto id = desk.approvals.ask(desk.wanted()).id;
    CHECK(desk.approvals.ask(desk.wanted()).id == id);
    desk.input = R"({"id":"b"})";
    CHECK(desk.approvals.ask(desk.wanted()).id != id);
    CHECK(desk.approvals.list("u1", "", 10).size() == 2);
    CHECK(desk.approvals.list("u2", "", 10).empty());
    desk.now += 1;
    desk.approvals.decide(desk.approvals.list("", "", 1).at(0).id, false, "u1", "");
    desk.input = R"({"id":"c"})";
    desk.approvals.decide(desk.approvals.ask(desk.wanted()).id, false, "u1", "");
    const auto pending = desk.approvals.list("u1", "pending", 1); // newer ones that are answered do not hide it
    CHECK(pending.size() == 1);
    CHECK(desk.approvals.list("u1", "denied", 10).size() == 2);
}

TEST_CASE("what is denied or late stays so") {
    Desk desk;
    const auto denied = desk.approvals.ask(desk.wanted()).id;
    desk.approvals.decide(denied, false, "u1", "not today");
    CHECK(desk.refusal(denied).ends_with("was denied: not today"));
    CHECK_THROWS_AS(desk.approvals.decide(denied, true, "u1", ""), Failure);
    const auto late = desk.approvals.ask(desk.wanted()).id;
    CHECK(late != denied);
    desk.now += Approvals::kLifetimeMs;
    CHECK_THROWS_AS(desk.approvals.decide(late, true, "u1", ""), Failure);
    CHECK(desk.refusal(late).ends_with("has expired"));
    CHECK_THROWS_AS(desk.approvals.decide("nothing", true, "u1", ""), Failure);
}

TEST_CASE("a caller cannot flood the people who answer") {
    Desk desk;
    for (int i = 0; i < Approvals::kMostPending; ++i) {
        desk.input = std::to_string(i);
        desk.approvals.ask(desk.wanted());
    }
    desk.input = "one more";
    CHECK_THROWS_AS(desk.approvals.ask(desk.wanted()), Failure);
    desk.now += Approvals::kLifetimeMs;
    CHECK_NOTHROW(desk.approvals.ask(desk.wanted()));
}

TEST_CASE("of many who use one approval at once, one wins") {
    Desk desk;
    const auto id = desk.approvals.ask(desk.wanted()).id;
    desk.approvals.decide(id, true, "u1", "");
    std::atomic<int> won{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            try {
                desk.approvals.use(id, desk.wanted());
                ++won;
            } catch (const Failure&) {
                return; // as wanted: not this one
            }
        });
    for (auto& thread : threads) thread.join();
    CHECK(won == 1);
}

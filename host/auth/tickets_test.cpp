// Words that let one WebSocket in.
#include "host/auth/tickets.hpp"

#include "host/gate/failure.hpp"

#include <doctest/doctest.h>
#include <set>
#include <thread>

using namespace talome;
using auth::Tickets;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<gate::Principal> user(const std::string& id) {
    auto principal = std::make_shared<gate::Principal>();
    principal->authenticated = true;
    principal->userId = id;
    principal->sessionId = "session of " + id;
    return principal;
}

/// Tickets whose callers are still what they were, but for those in `gone`.
struct Office {
    Tickets tickets;
    std::set<std::string> gone;
    Office() {
        tickets.refreshBy([this](const gate::Principal& was) -> Tickets::Caller {
            if (gone.contains(was.userId)) return nullptr;
            auto now = std::make_shared<gate::Principal>(was);
            now->role = "as of now";
            return now;
        });
    }
};

} // namespace

TEST_CASE("a ticket is good once, for its operation and its origin") {
    Office office;
    const auto make = [&] { return office.tickets.make(user("ann"), "x.open", "http://a", 10s); };
    auto word = make();
    CHECK(Tickets::isOne(word));
    CHECK(word.size() == 36);
    CHECK(word != make());
    const auto caller = office.tickets.use(word, "x.open", "http://a");
    REQUIRE(caller);
    CHECK(caller->userId == "ann");
    CHECK(caller->role == "as of now");
    CHECK_FALSE(office.tickets.use(word, "x.open", "http://a"));
    word = make();
    CHECK_FALSE(office.tickets.use(word, "y.open", "http://a"));
    CHECK_FALSE(office.tickets.use(word, "x.open", "http://a")); // a wrong try has used it up
    for (const char* origin : {"", "http://b", "http://a:80"})
        CHECK_FALSE(office.tickets.use(make(), "x.open", origin));
    CHECK(office.tickets.use(make(), "x.open")); // whose origin has been looked at
    CHECK_FALSE(office.tickets.use("eph_00000000000000000000000000000000", "x.open", ""));
    CHECK_FALSE(office.tickets.use("", "x.open", ""));
}

TEST_CASE("a ticket ends with its time, and with its caller") {
    Office office;
    const auto word = office.tickets.make(user("ann"), "x.open", "", 1ms);
    std::this_thread::sleep_for(2ms);
    CHECK_FALSE(office.tickets.use(word, "x.open", ""));
    const auto other = office.tickets.make(user("bob"), "x.open", "", 10s);
    office.gone = {"bob"};
    CHECK_FALSE(office.tickets.use(other, "x.open", ""));
    CHECK_THROWS_AS(office.tickets.make(user("ann"), "x.open", "", 601s), gate::Failure);
    CHECK_THROWS_AS(office.tickets.make(std::make_shared<gate::Principal>(), "x.open", "", 1s), gate::Failure);
    Tickets unowned;
    CHECK_FALSE(unowned.use(unowned.make(user("ann"), "x.open", "", 10s), "x.open", ""));
}

TEST_CASE("nobody keeps others from having one") {
    Office office;
    for (std::size_t i = 0; i < Tickets::kOfUser; ++i) office.tickets.make(user("greedy"), "x.open", "", 10s);
    CHECK_THROWS_AS(office.tickets.make(user("greedy"), "x.open", "", 10s), gate::Failure);
    CHECK(office.tickets.use(office.tickets.make(user("ann"), "x.open", "", 10s), "x.open", ""));
}

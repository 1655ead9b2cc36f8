#include "host/auth/password.hpp"
#include "host/auth/sessions.hpp"
#include "host/auth/users.hpp"
#include "host/storage/host_schema.hpp"

#include <atomic>
#include <cstdlib>
#include <doctest/doctest.h>
#include <thread>

using namespace talome;

namespace {

constexpr std::int64_t kHour = 3'600'000, kNow = 1'800'000'000'000;

/// A state directory with one user, "ann".
struct State {
    std::filesystem::path folder;
    std::unique_ptr<storage::Database> database;
    auth::Secret secret;
    State() : folder(make()), database(open()), secret(std::nullopt, folder / "talome.secret") {
        auth::Users users(*database);
        auth::User ann;
        ann.id = "ann-id";
        ann.username = "Ann";
        ann.role = "admin";
        REQUIRE(users.createFirst(ann));
        REQUIRE_FALSE(users.createFirst(ann));
    }
    ~State() { std::filesystem::remove_all(folder); }
    static std::filesystem::path make() {
        std::string name = (std::filesystem::temp_directory_path() / "talome-sessions-XXXXXX").string();
        return ::mkdtemp(name.data());
    }
    std::unique_ptr<storage::Database> open() const {
        auto opened = std::make_unique<storage::Database>(folder / "host.db", storage::Durability::powerCut);
        opened->migrate(storage::hostMigrations());
        return opened;
    }
};

} // namespace

TEST_CASE("a token is good for its session, and only until that ends") {
    State state;
    auth::Sessions sessions(*state.database, state.secret);
    const auto [session, token] = sessions.create("ann-id", "10.0.0.1", "curl", kNow);
    CHECK(sessions.use(token, kNow + 1)->id == session.id);
    CHECK_FALSE(sessions.use(token + "x", kNow));
    CHECK_FALSE(sessions.use(token.substr(0, token.rfind('.') + 1), kNow));
    CHECK_FALSE(sessions.use("", kNow));
    CHECK_FALSE(sessions.use("a.b.c", kNow));
    CHECK_FALSE(sessions.use(token + "=", kNow));
    CHECK_FALSE(sessions.use(token + "." + token.substr(token.rfind('.') + 1), kNow));
    CHECK_FALSE(sessions.use(std::string(100'000, 'a'), kNow));
    sessions.revoke(session.id, kNow + 2);
    CHECK_FALSE(sessions.use(token, kNow + 3));
}

TEST_CASE("a session slides with its use, and has an end all the same") {
    State state;
    auth::Sessions sessions(*state.database, state.secret);
    const auto [session, token] = sessions.create("ann-id", "10.0.0.1", "curl", kNow);
    CHECK(sessions.use(token, kNow + 23 * kHour));
    CHECK(sessions.use(token, kNow + 46 * kHour));
    CHECK_FALSE(sessions.use(token, kNow + 71 * kHour));
    const auto [other, kept] = sessions.create("ann-id", "10.0.0.1", "curl", kNow);
    for (int day = 0; day < 30; ++day) CHECK(sessions.use(kept, kNow + day * 23 * kHour));
    for (int day = 30; day < 40; ++day) sessions.use(kept, kNow + day * 23 * kHour);
    CHECK_FALSE(sessions.use(kept, kNow + 40 * 23 * kHour));
}

TEST_CASE("sessions outlive the server, and the token of another server is none") {
    State state, other;
    std::string token;
    {
        auth::Sessions sessions(*state.database, state.secret);
        token = sessions.create("ann-id", "10.0.0.1", "curl", kNow).second;
    }
    auth::Sessions again(*state.database, state.secret), foreign(*other.database, other.secret);
    CHECK(again.use(token, kNow + kHour));
    CHECK_FALSE(foreign.use(token, kNow + kHour));
}

TEST_CASE("all sessions of a user end at once, but the one that asks") {
    State state;
    auth::Sessions sessions(*state.database, state.secret);
    int told = 0;
    sessions.onRevoked([&] { ++told; });
    const auto [first, firstToken] = sessions.create("ann-id", "10.0.0.1", "curl", kNow);
    const auto [second, secondToken] = sessions.create("ann-id", "10.0.0.2", "phone", kNow + 1);
    const auto all = sessions.of("ann-id", kNow + 2);
    REQUIRE(all.size() == 2);
    CHECK(all[0].id == second.id);
    CHECK(all[1].peer == "10.0.0.1");
    CHECK(sessions.of("bob-id", kNow + 2).empty());
    CHECK(sessions.revokeAllOf("bob-id", "", kNow + 2) == 0);
    CHECK(sessions.revokeAllOf("ann-id", first.id, kNow + 2) == 1);
    CHECK(told == 2);
    CHECK(sessions.use(firstToken, kNow + 3));
    CHECK_FALSE(sessions.use(secondToken, kNow + 3));
    CHECK(sessions.revokeAllOf("ann-id", "", kNow + 3) == 1);
    CHECK_FALSE(sessions.use(firstToken, kNow + 4));
    CHECK(auth::Sessions(*state.database, state.secret).of("ann-id", kNow + 4).empty());
}

TEST_CASE("a session that has ended by itself is not listed, nor counted") {
    State state;
    auth::Sessions sessions(*state.database, state.secret);
    sessions.create("ann-id", "10.0.0.1", "curl", kNow);
    CHECK(sessions.of("ann-id", kNow + 24 * kHour).empty());
    CHECK(sessions.revokeAllOf("ann-id", "", kNow + 24 * kHour) == 0);
}

TEST_CASE("how long a session lives unused is a setting, in force at once") {
    State state;
    auth::Sessions sessions(*state.database, state.secret);
    std::chrono::hours idle{2};
    sessions.idleLifetime([&] { return idle; });
    const auto [session, token] = sessions.create("ann-id", "10.0.0.1", "curl", kNow);
    const auto other = sessions.create("ann-id", "10.0.0.1", "curl", kNow).second;
    CHECK(session.expiresAt() == kNow + 2 * kHour);
    CHECK(sessions.use(token, kNow + 2 * kHour - 1));
    CHECK_FALSE(sessions.use(other, kNow + 2 * kHour));
    idle = std::chrono::hours(48);
    CHECK(sessions.of("ann-id", kNow + 3 * kHour).at(0).expiresAt() == kNow + 50 * kHour - 1);
    CHECK_FALSE(sessions.use(other, kNow + 2 * kHour)); // over is over
    idle = std::chrono::hours(1);
    CHECK_FALSE(sessions.use(token, kNow + 3 * kHour));
}

TEST_CASE("sessions that are over are cleared away, and then there is nothing to do") {
    State state;
    auth::Sessions sessions(*state.database, state.secret);
    const auto rows = [&] { return state.database->rows("SELECT id FROM sessions").size(); };
    std::vector<std::int64_t> ends;
    sessions.onMade([&](std::int64_t end) { ends.push_back(end); });
    CHECK_FALSE(sessions.any());
    CHECK_FALSE(sessions.nextEnd(kNow));
    const auto revoked = sessions.create("ann-id", "10.0.0.1", "curl", kNow).first;
    sessions.create("ann-id", "10.0.0.1", "curl", kNow + 1);
    CHECK(ends == std::vector{kNow + 720 * kHour, kNow + 720 * kHour + 1});
    CHECK(sessions.nextEnd(kNow) == ends[0]);
    CHECK(sessions.nextEnd(ends[0]) == ends[1]);
    sessions.revoke(revoked.id, kNow + 2);
    CHECK(rows() == 2);
    CHECK(sessions.purge(kNow + 3) == 0);
    CHECK(rows() == 1);
    CHECK(sessions.any());
    CHECK(sessions.purge(kNow + 25 * kHour) == 1);
    CHECK(rows() == 0);
    CHECK_FALSE(sessions.any());
    const auto last = sessions.create("ann-id", "10.0.0.1", "curl", kNow).first;
    sessions.revoke(last.id, kNow);
    CHECK(auth::Sessions(*state.database, state.secret).any());
}

TEST_CASE("many threads verify tokens at once") {
    State state;
    auth::Sessions sessions(*state.database, state.secret);
    std::vector<std::string> tokens;
    for (int i = 0; i < 4; ++i) tokens.push_back(sessions.create("ann-id", "10.0.0.1", "curl", kNow).second);
    std::atomic<int> right{0}, wrong{0};
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 300; ++i) {
                right += sessions.use(tokens[(t + i) % 4], kNow + 1).has_value();
                wrong += sessions.use(tokens[t] + std::to_string(i), kNow + 1)
                             .has_value(); // never remembered: verified each time
            }
        });
    threads.clear();
    CHECK(right == 1200);
    CHECK(wrong == 0);
}

TEST_CASE("equal passwords have different hashes") {
    const auto one = auth::hashPassword("correct horse"), two = auth::hashPassword("correct horse");
    CHECK(one != two);
    CHECK(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    CHECK(auth::verifyPassword("correct horse", one));
    CHECK_FALSE(auth::verifyPassword("correct horsf", two));
}

TEST_CASE("names that look alike are one") {
    CHECK(auth::nameKey(" Ann\t") == auth::nameKey("ann"));
    CHECK(auth::nameKey("ÄNN") == auth::nameKey("änn"));
    CHECK(auth::nameKey("   ").empty());
}

TEST_CASE("the secret is made once, and kept from others") {
    State state;
    const auth::Secret again(std::nullopt, state.folder / "talome.secret");
    CHECK(again.key("talome jwt") == state.secret.key("talome jwt"));
    CHECK(again.key("talome jwt") != again.key("talome settings"));
    CHECK((std::filesystem::status(state.folder / "talome.secret").permissions() & std::filesystem::perms::mask) ==
          std::filesystem::perms(0600));
    std::filesystem::permissions(state.folder / "talome.secret", std::filesystem::perms(0644));
    CHECK_THROWS_WITH(auth::Secret(std::nullopt, state.folder / "talome.secret"),
                      doctest::Contains("others may read it"));
}

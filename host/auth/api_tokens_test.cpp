#include "host/auth/api_tokens.hpp"

#include "host/auth/users.hpp"
#include "host/storage/host_schema.hpp"

#include <atomic>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <iterator>
#include <thread>

using namespace talome;

namespace {

constexpr std::int64_t kMinute = 60'000, kNow = 1'800'000'000'000;

/// A state directory with the users "ann-id" and "bob-id".
struct State {
    std::filesystem::path folder = make();
    storage::Database database{folder / "host.db", storage::Durability::powerCut};
    auth::Secret secret{std::nullopt, folder / "talome.secret"};
    State() {
        database.migrate(storage::hostMigrations());
        for (const std::string name : {"ann", "bob"})
            database.run("INSERT INTO users (id, username, username_key, password_hash, role, created_at) "
                         "VALUES (?, ?, ?, '', 'member', 0)",
                         {name + "-id", name, name});
    }
    ~State() { std::filesystem::remove_all(folder); }
    static std::filesystem::path make() {
        std::string name = (std::filesystem::temp_directory_path() / "talome-tokens-XXXXXX").string();
        return ::mkdtemp(name.data());
    }
};

auth::ApiToken wanted(const std::string& user = "ann-id") {
    auth::ApiToken token;
    token.userId = user;
    token.name = "backup script";
    return token;
}

} // namespace

TEST_CASE("an API token is good until it is removed") {
    State state;
    auth::ApiTokens tokens(state.database, state.secret);
    int ended = 0;
    tokens.onEnded([&] { ++ended; });
    const auto [made, text] = tokens.create(wanted(), kNow).value();
    CHECK(text.size() == 47);
    CHECK(auth::ApiTokens::isOne(text));
    CHECK(tokens.use(text, "10.0.0.1", kNow)->id == made.id);
    CHECK(tokens.byId(made.id, kNow)->name == "backup script");
    for (const auto& wrong : {text + "x", text.substr(0, 46), text.substr(4), std::string("tlm_"), std::string(),
                              "tlm_" + std::string(43, 'A'), std::string(100'000, 'a')})
        CHECK_FALSE(tokens.use(wrong, "10.0.0.1", kNow));
    CHECK(tokens.remove(made.id));
    CHECK_FALSE(tokens.remove(made.id));
    CHECK(ended == 1);
    CHECK_FALSE(tokens.use(text, "10.0.0.1", kNow));
    CHECK_FALSE(tokens.byId(made.id, kNow));
    CHECK_FALSE(auth::ApiTokens(state.database, state.secret).use(text, "10.0.0.1", kNow));
}

TEST_CASE("an API token outlives the server with all that it has, and another server does not know it") {
    State state, other;
    std::string text, id;
    {
        auth::ApiTokens tokens(state.database, state.secret);
        auto narrow = wanted();
        narrow.most = manifest::Tier::modify;
        narrow.groups = {{"docker", "containers"}};
        narrow.origin = gate::Origin::mcp;
        narrow.expiresAt = kNow + kMinute;
        const auto made = tokens.create(narrow, kNow).value();
        text = made.second;
        CHECK(tokens.use(text, "10.0.0.7", kNow + 1));
    }
    auth::ApiTokens again(state.database, state.secret), foreign(other.database, other.secret);
    const auto all = again.list("ann-id", kNow + 2);
    REQUIRE(all.size() == 1);
    CHECK(all[0].most == manifest::Tier::modify);
    CHECK(all[0].groups == std::set<std::string, std::less<>>{"containers", "docker"});
    CHECK(all[0].origin == gate::Origin::mcp);
    CHECK(all[0].createdAt == kNow);
    CHECK(all[0].expiresAt == kNow + kMinute);
    CHECK(all[0].lastUsedAt == kNow + 1);
    CHECK(all[0].lastPeer == "10.0.0.7");
    CHECK(again.use(text, "10.0.0.1", kNow + 2));
    CHECK_FALSE(foreign.use(text, "10.0.0.1", kNow + 2));
}

TEST_CASE("an API token ends when it says, and is cleared away then") {
    State state;
    auth::ApiTokens tokens(state.database, state.secret);
    std::vector<std::int64_t> ends;
    tokens.onMade([&](std::int64_t end) { ends.push_back(end); });
    CHECK_FALSE(tokens.nextEnd(kNow));
    auto shortLived = wanted(), longer = wanted();
    shortLived.expiresAt = kNow + kMinute;
    longer.expiresAt = kNow + 2 * kMinute;
    const auto first = tokens.create(shortLived, kNow).value();
    tokens.create(longer, kNow);
    const auto endless = tokens.create(wanted(), kNow).value();
    CHECK(ends == std::vector{kNow + kMinute, kNow + 2 * kMinute});
    CHECK(tokens.nextEnd(kNow) == kNow + kMinute);
    CHECK(tokens.nextEnd(kNow + kMinute) == kNow + 2 * kMinute);
    CHECK(tokens.use(first.second, "", kNow + kMinute - 1));
    CHECK_FALSE(tokens.use(first.second, "", kNow + kMinute));
    CHECK_FALSE(tokens.byId(first.first.id, kNow + kMinute));
    CHECK(tokens.list(std::nullopt, kNow + kMinute).size() == 2);
    CHECK(tokens.purge(kNow + kMinute) == 1);
    CHECK(tokens.purge(kNow + kMinute) == 0);
    CHECK(state.database.rows("SELECT id FROM api_tokens").size() == 2);
    CHECK(tokens.purge(kNow + 3 * kMinute) == 1);
    CHECK(tokens.use(endless.second, "", kNow * 2));
}

TEST_CASE("the use of an API token is known at once, and written rarely") {
    State state;
    auth::ApiTokens tokens(state.database, state.secret);
    const auto made = tokens.create(wanted(), kNow).value();
    const auto written = [&] {
        return std::get<std::int64_t>(state.database.rows("SELECT last_used_at FROM api_tokens").at(0).at(0));
    };
    tokens.use(made.second, "10.0.0.1", kNow);
    CHECK(written() == kNow);
    tokens.use(made.second, "10.0.0.2", kNow + 4 * kMinute);
    CHECK(written() == kNow);
    CHECK(tokens.byId(made.first.id, kNow)->lastUsedAt == kNow + 4 * kMinute);
    CHECK(tokens.byId(made.first.id, kNow)->lastPeer == "10.0.0.2");
    tokens.use(made.second, "10.0.0.1", kNow + 5 * kMinute);
    CHECK(written() == kNow + 5 * kMinute);
}

TEST_CASE("a user's API tokens end with the user, and are not without number") {
    State state;
    auth::ApiTokens tokens(state.database, state.secret);
    const auto bobs = tokens.create(wanted("bob-id"), kNow).value();
    for (int i = 0; i < auth::ApiTokens::kMostOfUser; ++i) REQUIRE(tokens.create(wanted(), kNow));
    CHECK_FALSE(tokens.create(wanted(), kNow));
    CHECK(tokens.create(wanted("bob-id"), kNow));
    CHECK(tokens.removeAllOf("ann-id") == auth::ApiTokens::kMostOfUser);
    CHECK(tokens.list(std::nullopt, kNow).size() == 2);
    CHECK(tokens.use(bobs.second, "", kNow));
    state.database.run("DELETE FROM users WHERE id = 'bob-id'");
    CHECK(auth::ApiTokens(state.database, state.secret).list(std::nullopt, kNow).empty());
    CHECK_THROWS_AS(tokens.create(wanted("nobody"), kNow), storage::DatabaseError);
}

TEST_CASE("what is kept of an API token does not open anything") {
    State state;
    std::string text;
    {
        auth::ApiTokens tokens(state.database, state.secret);
        text = tokens.create(wanted(), kNow)->second;
    }
    for (const auto& each : std::filesystem::directory_iterator(state.folder)) {
        std::ifstream file(each.path(), std::ios::binary);
        const std::string bytes(std::istreambuf_iterator<char>(file), {});
        CHECK(bytes.find(text) == bytes.npos);
        CHECK(bytes.find(text.substr(4, 20)) == bytes.npos);
    }
    state.database.run("UPDATE api_tokens SET groups = '[\"docker\"'");
    CHECK(auth::ApiTokens(state.database, state.secret).use(text, "", kNow)->groups->empty());
    state.database.run("UPDATE api_tokens SET origin = 'god'");
    CHECK_FALSE(auth::ApiTokens(state.database, state.secret).use(text, "", kNow));
}

TEST_CASE("many threads use, make and remove API tokens at once") {
    State state;
    auth::ApiTokens tokens(state.database, state.secret);
    const auto kept = tokens.create(wanted(), kNow).value();
    std::atomic<int> right{0}, late{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 20; ++i) {
                    const auto made = tokens.create(wanted(), kNow).value();
                    right += tokens.use(made.second, "", kNow).has_value() && tokens.use(kept.second, "", kNow);
                    tokens.remove(made.first.id);
                    late += tokens.use(made.second, "", kNow).has_value();
                }
            });
    }
    CHECK(right == 80);
    CHECK(late == 0);
    CHECK(tokens.list("ann-id", kNow).size() == 1);
}

#include "host/server/expiry_watch.hpp"

#include "host/auth/users.hpp"
#include "host/storage/host_schema.hpp"

#include <atomic>
#include <cstdlib>
#include <doctest/doctest.h>

using namespace talome;

namespace {

constexpr std::int64_t kDay = 86'400'000;

struct Watched {
    std::filesystem::path folder = make();
    storage::Database database{folder / "host.db", storage::Durability::powerCut};
    auth::Secret secret{std::nullopt, folder / "talome.secret"};
    std::atomic<int> ended{0};
    Watched() {
        database.migrate(storage::hostMigrations());
        database.run("INSERT INTO users (id, username, username_key, password_hash, role, created_at) "
                     "VALUES ('ann-id', 'ann', 'ann', '', 'member', 0)");
    }
    ~Watched() { std::filesystem::remove_all(folder); }
    static std::filesystem::path make() {
        std::string name = (std::filesystem::temp_directory_path() / "talome-expiry-XXXXXX").string();
        return ::mkdtemp(name.data());
    }
    static std::int64_t now() {
        using namespace std::chrono;
        return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
    }
    static auth::ApiToken token(std::optional<std::int64_t> in) {
        auth::ApiToken token;
        token.userId = "ann-id";
        token.name = "short";
        if (in) token.expiresAt = now() + *in;
        return token;
    }
    bool endedWithin(std::chrono::milliseconds time, int times) const {
        for (const auto end = std::chrono::steady_clock::now() + time; std::chrono::steady_clock::now() < end;
             std::this_thread::sleep_for(std::chrono::milliseconds(2)))
            if (ended >= times) return true;
        return false;
    }
};

} // namespace

TEST_CASE("an end is told at its time, though a later one was waited for") {
    Watched state;
    auth::Sessions sessions(state.database, state.secret);
    auth::ApiTokens tokens(state.database, state.secret);
    tasks::Reactor reactor;
    tasks::Pool pool(2);
    ExpiryWatch watch(
        reactor, pool, sessions, tokens, [&] { ++state.ended; }, [&] { return state.now(); });
    watch.start();
    tokens.create(state.token(std::nullopt), state.now());
    tokens.create(state.token(5 * kDay), state.now());
    const auto second = tokens.create(state.token(1500), state.now()).value().second;
    const auto first = tokens.create(state.token(100), state.now()).value().second;
    CHECK(state.endedWithin(std::chrono::seconds(5), 1));
    CHECK_FALSE(tokens.use(first, "", state.now()));
    CHECK(state.endedWithin(std::chrono::seconds(5), 2));
    CHECK_FALSE(tokens.use(second, "", state.now()));
    CHECK_FALSE(state.endedWithin(std::chrono::milliseconds(100), 3));
}

TEST_CASE("ends that are there at the start are waited for, and what is over is cleared away") {
    Watched state;
    {
        auth::Sessions sessions(state.database, state.secret);
        auth::ApiTokens tokens(state.database, state.secret);
        sessions.create("ann-id", "", "", state.now() - 2 * kDay); // ended by idleness
        sessions.create("ann-id", "", "", state.now());
        tokens.create(state.token(-1), state.now() - kDay);
        tokens.create(state.token(100), state.now());
    }
    auth::Sessions sessions(state.database, state.secret);
    auth::ApiTokens tokens(state.database, state.secret);
    tasks::Reactor reactor;
    tasks::Pool pool(2);
    ExpiryWatch watch(
        reactor, pool, sessions, tokens, [&] { ++state.ended; }, [&] { return state.now(); });
    watch.start();
    CHECK(state.endedWithin(std::chrono::seconds(5), 1));
    CHECK(state.database.rows("SELECT id FROM sessions").size() == 1);
    CHECK(state.database.rows("SELECT id FROM api_tokens").empty());
}

TEST_CASE("what was over before the start is cleared away, though nothing is waited for") {
    Watched state;
    {
        auth::ApiTokens tokens(state.database, state.secret);
        tokens.create(state.token(-1), state.now() - kDay);
    }
    auth::Sessions sessions(state.database, state.secret);
    auth::ApiTokens tokens(state.database, state.secret);
    tasks::Reactor reactor;
    tasks::Pool pool(2);
    ExpiryWatch watch(
        reactor, pool, sessions, tokens, [&] { ++state.ended; }, [&] { return state.now(); });
    watch.start();
    CHECK(state.database.rows("SELECT id FROM api_tokens").empty());
    CHECK(state.ended == 0);
}

TEST_CASE("a watch ends while its timer is due") {
    Watched state;
    auth::Sessions sessions(state.database, state.secret);
    auth::ApiTokens tokens(state.database, state.secret);
    tasks::Reactor reactor;
    tasks::Pool pool(2);
    for (int i = 0; i < 20; ++i) {
        ExpiryWatch watch(
            reactor, pool, sessions, tokens, [&] { ++state.ended; }, [&] { return state.now(); });
        watch.start();
        tokens.create(state.token(i % 4), state.now());
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

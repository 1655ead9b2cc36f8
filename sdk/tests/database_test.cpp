// Statements, rows and transactions over the ABI, and the watch of a descriptor.
#include "fake_host.hpp"

#include <doctest/doctest.h>

namespace {

struct Held : talome::Plugin {
    explicit Held(talome::Registry& registry) : host(registry.host()) {
        registry.needs(TALOME_DATABASE);
        registry.needs(TALOME_IO);
    }
    talome::Host host;
};

struct Fixture {
    FakeHost fake;
    talome::detail::Instance<Held> instance{fake.host(), fake.self()};
    talome::Host host = instance.plugin.host;
    talome::Database database = host.database();
};

talome_value integer(std::int64_t n) { return talome::detail::toValue(n); }
talome_value text(std::string_view t) { return talome::detail::toValue(t); }

} // namespace

TEST_CASE_FIXTURE(Fixture, "values of every type are bound") {
    CHECK(database.execute("x", 1, 2u, true, 1.5, "a", std::string("b"), nullptr, std::optional<int>{},
                           std::optional<int>{1}, talome::Blob{"z"}) == 3);
    CHECK(fake.bound == "1112330014");
}

TEST_CASE_FIXTURE(Fixture, "rows are read while they pass, or kept") {
    fake.rows = {{integer(1), text("one")}, {integer(2), text("two")}};
    std::string seen;
    database.each("x", [&](const talome::RowView& row) { seen += row.get<std::string>(1); });
    CHECK(seen == "onetwo");
    database.each("x", [&](const talome::RowView& row) {
        seen = row.get<std::string_view>(1);
        return false;
    });
    CHECK(seen == "one");
    const auto rows = database.query("x");
    fake.rows.clear();
    REQUIRE(rows.size() == 2);
    CHECK(rows[1].get<int>(0) == 2);
    CHECK(rows[1].get<std::string>(1) == "two");
    CHECK(rows[1].get<std::optional<std::string>>(1) == "two");
    CHECK_FALSE(database.one<int>("x"));
}

TEST_CASE_FIXTURE(Fixture, "a column that is not what was asked for is an error") {
    fake.rows = {{integer(300), talome::detail::toValue(nullptr)}};
    const auto row = std::move(database.query("x").front());
    CHECK_THROWS_WITH(row.get<std::string>(0), "column 0 is not text");
    CHECK_THROWS_WITH(row.get<std::int8_t>(0), "column 0 is not within the range asked for");
    CHECK_THROWS_WITH(row.get<int>(1), "column 1 is not an integer");
    CHECK_THROWS_WITH(row.get<int>(2), "the statement has no column 2");
    CHECK(row.isNull(1));
    CHECK_FALSE(row.get<std::optional<int>>(1));
    CHECK(row.get<double>(0) == 300.0);
    CHECK_THROWS_WITH_AS(database.execute("fail"), "constraint", talome::Conflict);
}

TEST_CASE_FIXTURE(Fixture, "an exception of a row callback comes out as it went in") {
    fake.rows = {{integer(1)}};
    CHECK_THROWS_AS(database.each("x", [](const talome::RowView&) { throw 42; }), int);
}

TEST_CASE_FIXTURE(Fixture, "a transaction commits, or rolls back and throws") {
    CHECK(database.transaction([](talome::Transaction& t) { return t.execute("x"); }) == 3);
    CHECK(fake.transactions == "begin commit ");
    fake.transactions.clear();
    CHECK_THROWS_AS(database.transaction([](talome::Transaction&) { throw talome::NotFound("it"); }), talome::NotFound);
    CHECK(fake.transactions == "begin rollback ");
}

TEST_CASE_FIXTURE(Fixture, "an area that was not asked for is refused with what to do") {
    CHECK_THROWS_WITH_AS(
        host.publishText("a.b", "{}"),
        "talome.events/0 was not asked for: the plugin's constructor must say registry.needs(\"talome.events/0\")",
        talome::Unsupported);
}

TEST_CASE_FIXTURE(Fixture, "a watch ends with its object, also from its own callback") {
    int calls = 0;
    talome::Watch watch = host.watch(5, TALOME_READABLE, [&](std::uint32_t) {
        ++calls;
        watch.end();
    });
    REQUIRE(fake.watches.size() == 1);
    const auto [ready, user] = fake.watches.begin()->second;
    ready(user, 5, TALOME_READABLE);
    CHECK(calls == 1);
    CHECK(fake.watches.empty());
    ready(user, 5, TALOME_READABLE); // was under way when the watch ended
    CHECK(calls == 1);
    CHECK_FALSE(watch);
}

TEST_CASE("a watch that its own callback holds goes with the plugin") {
    FakeHost fake;
    {
        const talome::detail::Instance<Held> instance(fake.host(), fake.self());
        const auto watch = std::make_shared<talome::Watch>();
        *watch = instance.plugin.host.watch(5, TALOME_READABLE, [watch](std::uint32_t) {});
    }
    CHECK(fake.watches.empty());
}

TEST_CASE_FIXTURE(Fixture, "a watch moves, is replaced, and its exceptions are logged") {
    talome::Watch watch = host.watch(5, TALOME_READABLE, [](std::uint32_t) { throw talome::Timeout("too slow"); });
    talome::Watch other = std::move(watch);
    const auto [ready, user] = fake.watches.begin()->second;
    ready(user, 5, TALOME_READABLE);
    CHECK(fake.log == std::vector<std::string>{"too slow"});
    other = host.watch(6, TALOME_READABLE, [](std::uint32_t) {});
    CHECK(fake.watches.size() == 1);
    CHECK_THROWS_WITH_AS(host.watch(-1, 0, [](std::uint32_t) {}), "no such descriptor", talome::Invalid);
}

#include "host/audit/query.hpp"

#include "host/audit/log.hpp"
#include "host/audit/test_folder.hpp"

#include <doctest/doctest.h>

using namespace talome;
using namespace talome::audit;

namespace {

struct Filled {
    TestFolder folder;
    Log log{folder / "audit.db", kTestKey, [] { return std::int64_t{1}; }};

    Filled() {
        add("apps.install", "ann", "done", 10).target = "jellyfin";
        add("apps.remove", "Bob", "blocked", 20).tier = "destructive";
        add("appstore.add", "ann", "failed", 30).words = "100% wrong_here";
        add("users.list", "", "denied", 40).origin = "mcp";
        add("apps.install", "bob", "done", 50).input = "{\"id\":\"plex\"}";
        for (auto& each : entries) log.append(each);
    }
    Entry& add(const char* action, const char* user, const char* outcome, std::int64_t at) {
        auto& one = entries.emplace_back(entry(action, user));
        one.outcome = outcome;
        one.at = at;
        return one;
    }
    std::vector<std::int64_t> ids(const Filter& filter, std::int64_t before = 0, std::int64_t most = 100) {
        std::vector<std::int64_t> ids, up;
        for (const auto& row : newest(log.reader(), filter, before, most)) ids.push_back(row.id);
        if (before == 0 && most == 100) {
            CHECK(count(log.reader(), filter) == static_cast<std::int64_t>(ids.size()));
            audit::each(log.reader(), filter, [&](const Row& row) { return up.push_back(row.id), true; });
            CHECK(std::vector(up.rbegin(), up.rend()) == ids);
        }
        return ids;
    }
    std::vector<Entry> entries;
};

using Ids = std::vector<std::int64_t>;

} // namespace

TEST_CASE("audit query: each filter, and several together") {
    Filled all;
    CHECK(all.ids({}) == Ids{5, 4, 3, 2, 1});
    CHECK(all.ids({.action = "apps.install"}) == Ids{5, 1});
    CHECK(all.ids({.action = "apps.*"}) == Ids{5, 2, 1});
    CHECK(all.ids({.action = "app*"}) == Ids{5, 3, 2, 1});
    CHECK(all.ids({.action = "*"}) == Ids{5, 4, 3, 2, 1});
    CHECK(all.ids({.action = "app%"}).empty());
    CHECK(all.ids({.tier = "destructive"}) == Ids{2});
    CHECK(all.ids({.outcome = "failed"}) == Ids{3});
    CHECK(all.ids({.origin = "mcp"}) == Ids{4});
    CHECK(all.ids({.user = "bob"}) == Ids{5, 2});
    CHECK(all.ids({.user = "id-ann"}) == Ids{3, 1});
    CHECK(all.ids({.userId = "id-ann"}) == Ids{3, 1});
    CHECK(all.ids({.userId = "ann"}).empty());
    CHECK(all.ids({.approved = false}) == Ids{2});
    CHECK(all.ids({.approved = true}) == Ids{5, 4, 3, 1});
    CHECK(all.ids({.from = 20, .to = 40}) == Ids{4, 3, 2});
    CHECK(all.ids({.user = "ann", .from = 11}) == Ids{3});
}

TEST_CASE("audit query: text is found as it is") {
    Filled all;
    CHECK(all.ids({.text = "jelly"}) == Ids{1});
    CHECK(all.ids({.text = "PLEX"}) == Ids{5});
    CHECK(all.ids({.text = "100%"}) == Ids{3});
    CHECK(all.ids({.text = "g_h"}) == Ids{3});
    CHECK(all.ids({.text = "a_p"}).empty());
    CHECK(all.ids({.text = "' OR 1=1 --"}).empty());
}

TEST_CASE("audit query: pages") {
    Filled all;
    CHECK(all.ids({}, 0, 2) == Ids{5, 4});
    CHECK(all.ids({}, 4, 2) == Ids{3, 2});
    CHECK(all.ids({}, 2, 2) == Ids{1});
    CHECK(all.ids({}, 1, 2).empty());
}

TEST_CASE("audit query: an empty log has nothing") {
    TestFolder folder;
    Log log(folder / "audit.db", kTestKey, [] { return std::int64_t{1}; });
    CHECK(count(log.reader(), {}) == 0);
    CHECK(newest(log.reader(), {}, 0, 10).empty());
    int rows = 0;
    each(log.reader(), {}, [&](const Row&) { return ++rows, true; });
    CHECK(rows == 0);
}

TEST_CASE("audit query: more than a page, in order") {
    TestFolder folder;
    Log log(folder / "audit.db", kTestKey, [] { return std::int64_t{1}; });
    for (int i = 0; i < 401; ++i) log.append(entry("a.b"));
    std::int64_t expected = 0;
    each(log.reader(), {}, [&](const Row& row) {
        CHECK(row.id == ++expected);
        if (expected == 1) log.append(entry("a.b")); // it is not waited for
        return true;
    });
    CHECK(expected == 401);
}

#include "host/events/outbox_tables.hpp"

#include <doctest/doctest.h>
#include <memory>

using namespace talome;
using events::OutboxTables;

namespace {

/// In memory, with room for one subscriber "s" of "a.*".
struct Outbox {
    storage::Database database{":memory:", storage::Durability::processCrash};
    OutboxTables tables{database};

    Outbox() {
        tables.prepare();
        tables.prepare(); // at every start
        tables.join("s", "a.*");
    }
    std::string after(std::int64_t sequence, const std::string& pattern, std::size_t most = 100) {
        std::string text;
        for (const auto& event : tables.after(sequence, pattern, most, 1 << 20))
            text += std::to_string(event.sequence) + event.topic + event.json + " ";
        return text;
    }
    std::int64_t rows() { return std::get<std::int64_t>(database.rows("SELECT count(*) FROM talome_outbox")[0][0]); }
};

const auto kEverybody = [](const events::Cursor&) { return true; };
const auto kNobody = [](const events::Cursor&) { return false; };

} // namespace

TEST_CASE("an outbox gives what matches, in order, from where one is") {
    Outbox box;
    CHECK(box.tables.append("a.one", "1", 5));
    CHECK(box.tables.append("a.two", "2", 6));
    CHECK(box.tables.append("a.one", "3", 7));
    CHECK(box.after(0, "a.*") == "1a.one1 2a.two2 3a.one3 ");
    CHECK(box.after(1, "a.one") == "3a.one3 ");
    CHECK(box.after(0, "*", 2) == "1a.one1 2a.two2 ");
    CHECK(box.after(0, "b.*").empty());
    CHECK(box.tables.after(0, "a.*", 100, 2).size() == 2); // bytes
    CHECK(box.tables.after(1, "a.*", 1, 100)[0].publishedAt == 6);
}

TEST_CASE("what nobody waits for is not written") {
    Outbox box;
    CHECK_FALSE(box.tables.append("b.one", "1", 0));
    CHECK_FALSE(box.tables.append("A.one", "1", 0));
    CHECK(box.rows() == 0);
    CHECK(box.tables.last() == 0);
}

TEST_CASE("a new subscriber begins at the present, one that was there goes on") {
    Outbox box;
    box.tables.append("a.one", "1", 0);
    box.tables.join("t", "a.one");
    CHECK(box.tables.position("t", "a.one") == 1);
    CHECK(box.tables.position("s", "a.*") == 0);
    box.tables.append("a.one", "2", 0);
    box.tables.join("t", "a.one");
    CHECK(box.tables.position("t", "a.one") == 1);
    CHECK(box.tables.position("nobody", "a.one") == 2);
}

TEST_CASE("rows go when the last who waits has them") {
    Outbox box;
    box.tables.join("t", "a.two");
    box.tables.append("a.one", "1", 0);
    box.tables.append("a.two", "2", 0);
    box.tables.append("a.one", "3", 0);
    box.tables.advance("s", "a.*", 0, 2);
    CHECK(box.after(0, "*") == "2a.two2 3a.one3 ");
    box.tables.advance("t", "a.two", 0, 2);
    CHECK(box.after(0, "*") == "3a.one3 ");
    box.tables.advance("s", "a.*", 2, 3);
    CHECK(box.rows() == 0);
    box.tables.append("a.one", "4", 0); // numbers are not used again
    CHECK(box.after(0, "*") == "4a.one4 ");
    box.tables.advance("s", "a.*", 0, 1); // never back
    CHECK(box.tables.position("s", "a.*") == 3);
}

TEST_CASE("a rolled back transaction leaves nothing, neither an event nor a number") {
    Outbox box;
    box.database.transaction([&] {
        box.tables.append("a.one", "1", 0);
        return false;
    });
    CHECK(box.rows() == 0);
    box.tables.append("a.one", "2", 0);
    CHECK(box.after(0, "*") == "1a.one2 ");
}

TEST_CASE("one that is away for too long loses its cursor, counted from when it was first missed") {
    Outbox box;
    const events::Retention retention{100, 1'000};
    box.tables.join("t", "a.one");
    box.tables.append("a.one", "1", 0);
    const auto onlyT = [](const events::Cursor& cursor) { return cursor.subscriber == "t"; };
    CHECK(box.tables.tidy(retention, 50'000, onlyT).empty()); // however long ago that was written
    CHECK(box.tables.tidy(retention, 51'000, onlyT).empty());
    box.tables.join("s", "a.*"); // it was here
    CHECK(box.tables.tidy(retention, 52'000, onlyT).empty());
    const auto lost = box.tables.tidy(retention, 53'001, onlyT);
    REQUIRE(lost.size() == 1);
    CHECK(lost[0].subscriber == "s");
    CHECK(lost[0].waiting == 1);
    CHECK(box.rows() == 1); // the other one waits
    CHECK(box.tables.tidy(retention, 60'000, kNobody).empty());
    CHECK(box.tables.tidy(retention, 70'000, kNobody).size() == 1);
    CHECK(box.rows() == 0);
}

TEST_CASE("one that falls too far behind loses its cursor, whether it is there or not") {
    Outbox box;
    const events::Retention retention{10, 1'000};
    box.tables.join("t", "a.two");
    for (int i = 0; i < 10; ++i) box.tables.append("a.one", "1", 0);
    CHECK(box.tables.tidy(retention, 0, kEverybody).empty());
    CHECK(box.tables.position("t", "a.two") == 10); // nothing waited for it
    box.tables.append("a.one", "1", 0);
    const auto lost = box.tables.tidy(retention, 0, kEverybody);
    REQUIRE(lost.size() == 1);
    CHECK(lost[0].waiting == 11);
    CHECK(box.rows() == 0);
    box.tables.join("s", "a.*");
    CHECK(box.tables.position("s", "a.*") == 11);
}

#include "host/api/audit_rows.hpp"

#include <doctest/doctest.h>

using namespace talome;
using namespace talome::api;

namespace {

audit::Row row() {
    audit::Row row;
    row.id = 7;
    row.entry.at = 1'772'366'400'000;
    row.entry.action = "users.remove";
    row.entry.tier = "destructive";
    row.entry.outcome = "failed";
    row.entry.userId = "u1";
    row.entry.username = "ann";
    row.entry.origin = "rest";
    row.entry.targetKind = "user";
    row.entry.target = "bob";
    row.entry.input = "{\"id\":\"bob\"}";
    row.entry.words = "no such user";
    return row;
}

} // namespace

TEST_CASE("audit rows: as JSON") {
    const auto json = boost::json::parse(toJson(auditRow(row())));
    CHECK(json.at("id") == 7);
    CHECK(json.at("timestamp") == "2026-03-01T12:00:00.000Z");
    CHECK(json.at("details") == "failed: user 'bob': no such user");
    CHECK(json.at("approved") == true);
    CHECK(json.at("input").at("id") == "bob");
    CHECK(json.at("ip").is_null());
    CHECK(json.at("source") == "rest");
    auto other = row();
    other.entry.outcome = "blocked";
    other.entry.input = "{\"id\":\"bo…";
    CHECK_FALSE(auditRow(other).approved);
    CHECK(auditRow(other).input == "{\"id\":\"bo…");
}

TEST_CASE("audit rows: as CSV, quoted where needed, and no formula") {
    auto one = row();
    one.entry.username = "=cmd|' /C calc'!A0";
    one.entry.target = "a \"b\", c\nd";
    std::string text;
    appendAuditCsv(text, one);
    CHECK(text.starts_with(
        "7,2026-03-01T12:00:00.000Z,users.remove,destructive,failed,true,u1,\"'=cmd|' /C calc'!A0\","));
    CHECK(text.find(",\"a \"\"b\"\", c\nd\",") != text.npos);
    CHECK(text.find(",\"{\"\"id\"\":\"\"bob\"\"}\",") != text.npos);
    CHECK(text.ends_with("\r\n"));
    const auto head = auditCsvHead();
    appendAuditCsv(text = "", row());
    CHECK(std::count(head.begin(), head.end(), ',') == std::count(text.begin(), text.end(), ','));
}

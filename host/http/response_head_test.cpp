// The head of an answer: what is always there, what a handler may change, and what it may not.
#include "host/http/response_head.hpp"

#include <doctest/doctest.h>

#include <set>
#include <stdexcept>

using namespace talome::http;

namespace {
bool holds(const std::string& text, const char* part) { return text.find(part) != text.npos; }
} // namespace

TEST_CASE("response head: always there") {
    ResponseFacts facts;
    facts.contentType = "application/json";
    facts.requestId = "0123abcd";
    facts.length = 5;
    auto head = formatHead(facts, {});
    CHECK(head.substr(0, 17) == "HTTP/1.1 200 OK\r\n");
    CHECK(head.substr(head.size() - 4) == "\r\n\r\n");
    for (auto part :
         {"\r\nDate: ", " GMT\r\n", "Content-Type: application/json; charset=utf-8\r\n", "Content-Length: 5\r\n",
          "X-Request-Id: 0123abcd\r\n", "X-Content-Type-Options: nosniff\r\n", "X-Frame-Options: DENY\r\n",
          "Referrer-Policy: ", "Content-Security-Policy: default-src 'none'", "Permissions-Policy: "})
        CHECK_MESSAGE(holds(head, part), part);
    CHECK_FALSE(holds(head, "Strict-Transport-Security"));
    CHECK_FALSE(holds(head, "Cache-Control"));
    facts.secure = facts.noStore = true;
    head = formatHead(facts, {});
    CHECK(holds(head, "Strict-Transport-Security: max-age="));
    CHECK(holds(head, "Cache-Control: no-store\r\n"));
}

TEST_CASE("response head: a handler's field takes the place of a default") {
    ResponseFields fields;
    fields.set("x-frame-options", "SAMEORIGIN");
    fields.set("Cache-Control", "max-age=60");
    fields.add("Set-Cookie", "a=1");
    fields.add("Set-Cookie", "b=2");
    ResponseFacts facts;
    facts.noStore = true;
    auto head = formatHead(facts, fields);
    CHECK_FALSE(holds(head, "DENY"));
    CHECK_FALSE(holds(head, "no-store"));
    CHECK(holds(head, "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"));
}

TEST_CASE("response head: nothing breaks out of a field") {
    ResponseFields fields;
    for (auto value : {"a\r\nb: c", "a\nb", "a\rb", "\x7f"})
        CHECK_THROWS_AS(fields.set("X-A", value), std::invalid_argument);
    CHECK_THROWS_AS(fields.add("X-A", std::string_view("a\0b", 3)), std::invalid_argument);
    for (auto name : {"", "a b", "a:", "a\r\n", "content-length", "Transfer-Encoding", "Connection", "date"})
        CHECK_THROWS_AS(fields.set(name, "x"), std::invalid_argument);
    ResponseFacts facts;
    facts.contentType = "text/html\r\nX: y";
    CHECK_THROWS_AS(formatHead(facts, {}), std::invalid_argument);
}

TEST_CASE("error body: always a string, from 500 on with id and time") {
    CHECK(errorBody(400, "a \"b\" \\ \n", "x") == R"({"error":"a \"b\" \\ \u000a"})");
    auto body = errorBody(500, "internal error", "0123abcd");
    CHECK(holds(body, R"({"error":"internal error","errorId":"0123abcd","timestamp":"2)"));
    CHECK(errorBody(400, "\xff", "x") == R"({"error":"the error text is not UTF-8"})");
}

TEST_CASE("request ids do not repeat") {
    std::set<std::string> seen;
    for (int i = 0; i < 10000; ++i) {
        auto id = newRequestId();
        CHECK(id.size() == 8);
        seen.insert(id);
    }
    CHECK(seen.size() == 10000);
}

#include "host/fetch/headers.hpp"

#include <doctest/doctest.h>
#include <talome/errors.hpp>

using namespace talome::fetch;

namespace {

AnswerHead read(std::string_view text) {
    AnswerHead head;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
        head.add(text.substr(0, end));
        text.remove_prefix(end);
    }
    return head;
}

} // namespace

TEST_CASE("fetch: fields that a plugin may not set") {
    for (const char* name : {"Host",
                             "host",
                             "Content-Length",
                             "Transfer-Encoding",
                             "Connection",
                             "Keep-Alive",
                             "TE",
                             "Trailer",
                             "Upgrade",
                             "Expect",
                             "Proxy-Authorization",
                             "proxy-connection",
                             "Accept-Encoding",
                             "HTTP2-Settings",
                             "",
                             "a b",
                             "a:",
                             "a\n",
                             "a\r\nHost",
                             "\xc3\xa9",
                             "(a)"})
        CHECK_THROWS_AS(checkRequestField(name, "x"), talome::Invalid);
    for (const std::string_view value : {"a\r\nb", "a\nb", "a\rb", "\n", "a\x01", "a\x7f"})
        CHECK_THROWS_AS(checkRequestField("X-A", value), talome::Invalid);
    CHECK_THROWS_AS(checkRequestField("X-A", std::string_view("a\0b", 3)), talome::Invalid);
    for (const char* name : {"Authorization", "Cookie", "X-Api-Key", "Content-Type", "Range", "Sec-WebSocket-Key"})
        CHECK_NOTHROW(checkRequestField(name, "any text, \xc3\xa9 as well"));
    for (const char* method : {"", "get", "G T", "GET\r\n", "CONNECT", "TRACE"})
        CHECK_THROWS_AS(checkMethod(method), talome::Invalid);
    for (const char* method : {"GET", "PROPFIND", "M-SEARCH", "DELETE"}) CHECK_NOTHROW(checkMethod(method));
}

TEST_CASE("fetch: what survives another origin is a short list") {
    for (const char* name : {"Accept", "content-type", "User-Agent", "Range"}) CHECK(survivesOrigin(name));
    for (const char* name : {"Authorization", "Cookie", "X-Api-Key", "X-Plex-Token", "Referer", "Origin"})
        CHECK(!survivesOrigin(name));
}

TEST_CASE("fetch: heads of answers") {
    const auto head = read("HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 "
                           "OK\r\nContent-Length:  5 \r\nX:\r\n\r\n");
    CHECK(head.complete());
    CHECK(head.status() == 200);
    CHECK(head.contentLength() == 5u);
    CHECK(head.fields() == Fields{{"Content-Length", "5"}, {"X", ""}});
    CHECK(read("HTTP/1.0 404\nA: b\n\n").status() == 404);
    CHECK(read("HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n").complete());
    CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n").complete());
}

TEST_CASE("fetch: heads that are nonsense") {
    for (const char* text : {"ICY 200 OK\r\n",
                             "HTTP/2 200\r\n",
                             "HTTP/1.1 20 OK\r\n",
                             "HTTP/1.1 2000 OK\r\n",
                             "HTTP/1.1 abc\r\n",
                             "HTTP/1.1 099 a\r\n",
                             "HTTP/1.1 600 a\r\n",
                             "HTTP/1.1 +20 a\r\n",
                             "HTTP/1.1  200\r\n",
                             "HTTP/1.1 200 a\x01\r\n",
                             "garbage\r\n",
                             "\r\n",
                             "HTTP/1.1 200 OK\r\nno field\r\n",
                             "HTTP/1.1 200 OK\r\n: b\r\n",
                             "HTTP/1.1 200 OK\r\na : b\r\n",
                             "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n",
                             "HTTP/1.1 200 OK\r\nA: b\x01\r\n",
                             "HTTP/1.1 200 OK\r\nA: b\rc\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nA: b"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(read(text), talome::BadUpstream);
    }
}

TEST_CASE("fetch: a head has an end, with what comes before and after it") {
    AnswerHead endless, early, trailed;
    const std::string line = "A: " + std::string(1000, 'b') + "\r\n";
    const auto many = [&](AnswerHead& head) {
        for (int i = 0; i < 70; ++i) head.add(line);
    };
    endless.add("HTTP/1.1 200 OK\r\n");
    CHECK_THROWS_AS(many(endless), talome::BadUpstream);
    CHECK_THROWS_AS(
        [&] {
            for (int i = 0; i < 4000; ++i) {
                early.add("HTTP/1.1 100 Continue\r\n");
                early.add("\r\n");
            }
        }(),
        talome::BadUpstream);
    trailed.add("HTTP/1.1 200 OK\r\n");
    CHECK(trailed.add("\r\n"));
    CHECK_FALSE(trailed.add("B: c\r\n"));
    CHECK(trailed.fields().empty());
    CHECK_THROWS_AS(many(trailed), talome::BadUpstream);
}

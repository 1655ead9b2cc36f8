// What the head check takes, and what it refuses.
#include "host/http/head_check.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace talome::http;

namespace {

int statusOf(const std::string& head) {
    RequestHead out;
    auto scan = scanHead(head);
    if (scan.state == HeadScan::State::refused) return scan.refusal.status;
    if (scan.state == HeadScan::State::incomplete) return 0;
    auto refusal = readHead(std::string_view(head).substr(scan.skip, scan.length), out);
    return refusal ? refusal.status : 200;
}

std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }
std::string post(const std::string& fields) { return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }

} // namespace

TEST_CASE("head check: a request is read into its parts") {
    std::string head = "POST /a%2Fb?x=1?y HTTP/1.1\r\nHost: h:1\r\nContent-Length: 12\r\nX-A: \t b \t\r\nx-a:\r\n\r\n";
    RequestHead out;
    REQUIRE_FALSE(readHead(head, out));
    CHECK(out.method == "POST");
    CHECK(out.rawPath == "/a%2Fb");
    CHECK(out.rawQuery == "x=1?y");
    CHECK(out.minor == 1);
    CHECK(out.contentLength == 12);
    CHECK(out.framing == Framing::length);
    CHECK(out.keepAlive);
    REQUIRE(out.fields.size() == 4);
    CHECK(out.find("x-A")->value == "b");
    CHECK(out.fields[3].value == "");
    CHECK(out.find("y") == nullptr);
}

TEST_CASE("head check: the end of a head is found, however it comes") {
    const std::string head = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (std::size_t n = 0; n < head.size(); ++n)
        CHECK(scanHead(head.substr(0, n)).state == HeadScan::State::incomplete);
    auto scan = scanHead(head + "GET /next");
    CHECK(scan.state == HeadScan::State::complete);
    CHECK(scan.skip == 2);
    CHECK(scan.length == head.size() - 2);
}

TEST_CASE("head check: what is wrong from its first bytes is refused at once") {
    CHECK(statusOf(std::string("\x16\x03\x01", 3)) == 400); // a TLS greeting
    CHECK(statusOf(" GET") == 400);
    CHECK(statusOf("\r\n\r\n\r\n") == 400);
    CHECK(statusOf("GET / HTTP/1.1\nHost: a\n\n") == 400);
    CHECK(statusOf("GET /" + std::string(17000, 'a')) == 414);
    CHECK(statusOf("GET / HTTP/1.1\r\nA: " + std::string(kMaxHeadBytes, 'a')) == 431);
}

TEST_CASE("head check: request lines") {
    CHECK(statusOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    CHECK(statusOf("GET / HTTP/1.0\r\n\r\n") == 200);
    CHECK(statusOf("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    CHECK(statusOf("GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    CHECK(statusOf("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(statusOf("GET * HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(statusOf("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(statusOf("GET  / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(statusOf("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(statusOf("GET /#a HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(statusOf("GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(statusOf("GET /\r\nHost: a\r\n\r\n") == 400);
    CHECK(statusOf("G@T / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(statusOf("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == 505);
    CHECK(statusOf("GET / http/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(statusOf("GET / HTTP/1.1 \r\nHost: a\r\n\r\n") == 400);
}

TEST_CASE("head check: an absolute target") {
    RequestHead out;
    REQUIRE_FALSE(readHead("GET HTTP://a?b HTTP/1.1\r\nHost: A\r\n\r\n", out));
    CHECK(out.rawPath == "/");
    CHECK(out.rawQuery == "b");
}

TEST_CASE("head check: names, values and their ends") {
    CHECK(statusOf(get("A: b\r\n")) == 200);
    CHECK(statusOf(get("A: \xc3\xa4\r\n")) == 200);
    CHECK(statusOf(get("A : b\r\n")) == 400);
    CHECK(statusOf(get("A\r\n")) == 400);
    CHECK(statusOf(get(": b\r\n")) == 400);
    CHECK(statusOf(get(" folded: b\r\n")) == 400);
    CHECK(statusOf(get("A: b\r\n\tc\r\n")) == 400);
    CHECK(statusOf(get("A: b\rc\r\n")) == 400);
    CHECK(statusOf(get("A: b\nc: d\r\n")) == 400);
    CHECK(statusOf(get(std::string("A: b\0c\r\n", 8))) == 400);
    CHECK(statusOf(get("A: \x7f\r\n")) == 400);
    CHECK(statusOf(get("A: \xff\r\n")) == 400);
    CHECK(statusOf(get("A: =?utf-8?Q?a=0d=0aX:1?=\r\n")) == 400);
    CHECK(statusOf(get("A: x=?y?b?YQ==?=\r\n")) == 400);
    CHECK(statusOf(get("Referer: http://a/?b=?c\r\n")) == 200);
    CHECK(statusOf(get("A: " + std::string(9000, 'a') + "\r\n")) == 431);
    CHECK(statusOf(get(std::string(300, 'a') + ": b\r\n")) == 431);
}

TEST_CASE("head check: the number of headers") {
    std::string fields;
    for (int i = 0; i < 99; ++i) fields += "A: b\r\n";
    CHECK(statusOf(get(fields)) == 200);
    CHECK(statusOf(get(fields + "A: b\r\n")) == 431);
}

TEST_CASE("head check: the length of the body is said once and in one way") {
    CHECK(statusOf(post("Content-Length: 5\r\n")) == 200);
    CHECK(statusOf(post("Transfer-Encoding: Chunked\r\n")) == 200);
    CHECK(statusOf(post("")) == 200);
    for (auto value : {"-1", "+5", "0x5", "5, 5", "", "5 5", "1e3", "99999999999999999999"})
        CHECK(statusOf(post("Content-Length: " + std::string(value) + "\r\n")) == 400);
    CHECK(statusOf(post("Content-Length: 5\r\nContent-Length: 6\r\n")) == 400);
    CHECK(statusOf(post("Content-Length: 5\r\ncontent-length: 5\r\n")) == 400);
    CHECK(statusOf(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")) == 400);
    CHECK(statusOf(post("Transfer-Encoding: gzip, chunked\r\n")) == 400);
    CHECK(statusOf(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")) == 400);
    CHECK(statusOf(post("Transfer-Encoding: identity\r\n")) == 400);
    CHECK(statusOf("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
}

TEST_CASE("head check: fields that may come once, and the connection") {
    CHECK(statusOf("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(statusOf(get("Host: b\r\n")) == 400);
    CHECK(statusOf("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n") == 400);
    CHECK(statusOf("GET / HTTP/1.1\r\nHost: [::1]:4000\r\n\r\n") == 200);
    CHECK(statusOf(get("Authorization: a\r\nAuthorization: b\r\n")) == 400);
    CHECK(statusOf(get("Cookie: a\r\nCookie: b\r\n")) == 200);
    CHECK(statusOf(get("Expect: 200-ok\r\n")) == 417);
    auto keeps = [](const std::string& head) {
        RequestHead out;
        REQUIRE_FALSE(readHead(head, out));
        return out.keepAlive;
    };
    CHECK(keeps(get("")));
    CHECK_FALSE(keeps(get("Connection: upgrade , Close\r\n")));
    CHECK_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
    CHECK(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

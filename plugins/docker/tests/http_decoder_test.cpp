// Answers cut into pieces of every size, lines cut out of pieces, and what is not HTTP.
#include "engine/http_decoder.hpp"
#include "engine/line_splitter.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace talome::docker;

namespace {

struct Decoded {
    int status = 0;
    std::string body;
    bool finished = false;
};

Decoded decode(const std::string& bytes) {
    Decoded first;
    for (const std::size_t size : {bytes.size(), std::size_t{1}, std::size_t{3}}) {
        HttpDecoder decoder;
        Decoded decoded;
        for (std::size_t at = 0; at < bytes.size(); at += size) {
            decoder.feed(std::string_view(bytes).substr(at, size),
                         [&](std::string_view piece) { decoded.body += piece; });
        }
        decoded.status = decoder.status();
        decoded.finished = decoder.finished();
        if (size == bytes.size()) first = decoded;
        CHECK(decoded.body == first.body);
        CHECK(decoded.finished == first.finished);
    }
    return first;
}

} // namespace

TEST_CASE("the three kinds of body") {
    const auto chunked = decode(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n");
    CHECK(chunked.status == 200);
    CHECK(chunked.body == "abcde");
    CHECK(chunked.finished);
    const auto counted = decode("HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\n\r\nabc");
    CHECK(counted.status == 404);
    CHECK(counted.body == "abc");
    CHECK(counted.finished);
    const auto endless = decode("HTTP/1.1 200 OK\r\n\r\nabc");
    CHECK(endless.body == "abc");
    CHECK_FALSE(endless.finished);
    CHECK(decode("HTTP/1.1 204 No Content\r\n\r\n").finished);
    CHECK(decode("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx").body == "x");
}

TEST_CASE("what is not HTTP is refused") {
    for (const char* wrong : {"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 abc\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"}) {
        CAPTURE(wrong);
        HttpDecoder decoder;
        CHECK_THROWS_AS(decoder.feed(wrong, [](std::string_view) {}), HttpSyntaxError);
    }
    HttpDecoder decoder;
    CHECK_THROWS_AS(decoder.feed("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'), [](std::string_view) {}),
                    HttpSyntaxError);
}

TEST_CASE("lines, however they are cut") {
    std::vector<std::string> lines;
    const auto line = [&](std::string_view text) { lines.emplace_back(text); };
    LineSplitter splitter(10);
    for (const char* piece : {"on", "e\ntw", "o\r\n\nlonger than ten", " characters\nfour\nrest"})
        splitter.feed(piece, line);
    CHECK(lines == std::vector<std::string>{"one", "two", "", "four"});
    CHECK(splitter.skipped() == 1);
}

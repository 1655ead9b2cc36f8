#include "host/http/content_coding.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

using namespace talome::http;

namespace {

bool accepts(std::string_view fields) {
    const auto text = "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + (fields.empty() ? "\r\n" : "\r\n\r\n");
    RequestHead head;
    REQUIRE_FALSE(readHead(text, head));
    return acceptsGzip(head);
}

std::string unzipped(std::string_view data) {
    std::string out;
    z_stream stream{};
    REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream.avail_in = static_cast<uInt>(data.size());
    int status = Z_OK;
    while (status == Z_OK) {
        char buffer[4096];
        stream.next_out = reinterpret_cast<Bytef*>(buffer);
        stream.avail_out = sizeof buffer;
        status = inflate(&stream, Z_NO_FLUSH);
        out.append(buffer, sizeof buffer - stream.avail_out);
    }
    CHECK(status == Z_STREAM_END);
    CHECK(stream.avail_in == 0);
    inflateEnd(&stream);
    return out;
}

std::string noise(std::size_t n) {
    std::string out;
    for (unsigned state = 1; out.size() < n; state = state * 1664525u + 1013904223u)
        out += static_cast<char>(state >> 24);
    return out;
}

} // namespace

TEST_CASE("content coding: what Accept-Encoding says of gzip") {
    struct {
        std::string_view value;
        bool gzip;
    } rows[] = {
        {"gzip", true},
        {"GZIP", true},
        {"x-gzip", true},
        {"gzip, deflate, br, zstd", true},
        {"br;q=1.0, gzip;q=0.8, *;q=0.1", true},
        {"deflate , gzip ;q=0.001", true},
        {"*", true},
        {"*;q=0.5", true},
        {"identity;q=0.5, gzip;q=1.0", true},
        {"identity;q=0.5, gzip;q=0.5", true},
        {"identity;q=0, *", true},
        {"gzip;q=1.000", true},
        {"gzip; Q=1", true},
        {"gzip;q=1.", true},
        {",,gzip,", true},
        {"", false},
        {"identity", false},
        {"deflate, br", false},
        {"gzip;q=0", false},
        {"gzip;q=0.000", false},
        {"gzip;q=0, *", false},
        {"x-gzip;q=0", false},
        {"*;q=0", false},
        {"identity, gzip;q=0.5", false},
        {"identity;q=1, *;q=0.5", false},
        {"gzipp", false},
        {"xgzip", false},
        // Malformed weights: that element is passed over.
        {"gzip;q=2", false},
        {"gzip;q=1.001", false},
        {"gzip;q=0.1234", false},
        {"gzip;q=", false},
        {"gzip;q=-1", false},
        {"gzip;level=9", false},
        {"gzip;q=x, *;q=1", true},
    };
    for (auto& row : rows) CHECK_MESSAGE(accepts("Accept-Encoding: " + std::string(row.value)) == row.gzip, row.value);
    CHECK_FALSE(accepts(""));
    CHECK(accepts("Accept-Encoding: br\r\nAccept-Encoding: gzip"));
    CHECK_FALSE(accepts("Accept-Encoding: gzip;q=0.5\r\nAccept-Encoding: identity"));
}

TEST_CASE("content coding: which types gain by it") {
    for (auto type : {"application/json", "application/json; charset=utf-8", "Application/JSON", "text/plain",
                      "text/html; charset=utf-8", "application/problem+json", "image/svg+xml", "application/dash+xml",
                      "application/openmetrics-text; version=1.0.0; charset=utf-8", "application/x-ndjson"})
        CHECK_MESSAGE(isCompressible(type), type);
    for (auto type : {"", "text/", "text/event-stream", "Text/Event-Stream; charset=utf-8", "video/mp4", "image/png",
                      "application/zip", "application/octet-stream", "+json", "application/jsonx", "textual/plain"})
        CHECK_MESSAGE(!isCompressible(type), type);
}

TEST_CASE("content coding: gzip and back") {
    for (std::size_t n : {100u, 1024u, 16384u, 100000u, 3000000u}) {
        std::string text;
        while (text.size() < n) text += R"({"id":)" + std::to_string(text.size() * 7919) + R"(,"state":"running"},)";
        const auto packed = gzip(text);
        REQUIRE(packed);
        CHECK(packed->size() < text.size());
        CHECK(unzipped(*packed) == text);
    }
}

TEST_CASE("content coding: what does not shrink stays plain") {
    for (std::size_t n : {0u, 1u, 20u, 1024u, 100000u}) CHECK_FALSE(gzip(noise(n)));
}

TEST_CASE("content coding: what becomes of an answer") {
    const std::string text = "GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n", long_(5000, 'x');
    RequestHead head, plain;
    REQUIRE_FALSE(readHead(text, head));
    const auto coded = codeBody(head, "application/json", long_);
    CHECK(coded.varies);
    REQUIRE(coded.gzipped);
    CHECK(unzipped(*coded.gzipped) == long_);
    CHECK(codeBody(plain, "application/json", long_).varies);
    CHECK_FALSE(codeBody(plain, "application/json", long_).gzipped);
    CHECK_FALSE(codeBody(head, "video/mp4", long_).varies);
    CHECK_FALSE(codeBody(head, "application/json", long_.substr(0, 1023)).varies);
    CHECK(codeBody(head, "application/json", long_.substr(0, 1024)).gzipped);
    const auto random = codeBody(head, "text/plain", noise(5000));
    CHECK(random.varies);
    CHECK_FALSE(random.gzipped);
}

// Bodies of each framing, cut into pieces of each size.
#include "host/http/body_reader.hpp"
#include "host/http/error.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

using namespace talome::http;

namespace {

// Gives a text in pieces of at most `step` bytes; asked not to wait, nothing every other time.
class TextSource : public ByteSource {
public:
    TextSource(std::string text, std::size_t step) : text_(std::move(text)), step_(step) {}
    std::optional<std::size_t> receive(void* to, std::size_t n, Wait wait) override {
        if (wait == Wait::no && (late_ = !late_)) return std::nullopt;
        n = std::min({n, step_, text_.size()});
        std::memcpy(to, text_.data(), n);
        text_.erase(0, n);
        return n;
    }
    void giveBack(std::string_view bytes) override { text_.insert(0, bytes); }
    const std::string& rest() const { return text_; }

private:
    std::string text_;
    std::size_t step_;
    bool late_ = false;
};

std::string readAll(BodyReader& reader, Wait wait = Wait::yes, std::size_t step = 7) {
    std::string out, buffer(step, '\0');
    for (;;) {
        const auto n = reader.read(buffer.data(), buffer.size(), wait);
        if (n && *n == 0) return out;
        out.append(buffer, 0, n.value_or(0));
    }
}

int statusOf(const std::string& text, std::uint64_t limit = 1000) {
    TextSource source(text, 1000);
    BodyReader reader(source, Framing::chunked, 0);
    try {
        reader.limit(limit);
        readAll(reader);
    } catch (const HttpError& error) {
        CHECK(reader.broken());
        return error.status;
    } catch (const ClientGone&) {
        CHECK(reader.broken());
        return 0;
    }
    return 200;
}

} // namespace

TEST_CASE("body: chunks in pieces, and what follows them stays for the next request") {
    const std::string text = "5\r\nhello\r\n6;a=\"b\"\r\n world\r\n0\r\nX: y\r\n\r\nGET /";
    for (auto wait : {Wait::yes, Wait::no})
        for (std::size_t step = 1; step < text.size() + 1; ++step) {
            TextSource source(text, step);
            BodyReader reader(source, Framing::chunked, 0);
            CHECK(readAll(reader, wait) == "hello world");
            CHECK(reader.atEnd());
            CHECK(reader.received() == 11);
            CHECK(source.rest() == "GET /");
        }
}

TEST_CASE("body: a declared length") {
    TextSource source("hello worldGET /", 3);
    BodyReader reader(source, Framing::length, 11);
    CHECK(reader.remaining() == 11);
    CHECK(readAll(reader) == "hello world");
    CHECK(reader.atEnd());
    CHECK(source.rest() == "GET /");
}

TEST_CASE("body: none") {
    TextSource source("GET /", 3);
    BodyReader reader(source, Framing::none, 0);
    CHECK(reader.atEnd());
    CHECK(readAll(reader) == "");
    CHECK(source.rest() == "GET /");
}

TEST_CASE("body: limits, declared and counted") {
    TextSource source("hello", 3);
    BodyReader reader(source, Framing::length, 5);
    CHECK_NOTHROW(reader.limit(5));
    CHECK_THROWS_AS(reader.limit(4), HttpError);
    CHECK(reader.broken());
    CHECK(statusOf("5\r\nhello\r\n0\r\n\r\n", 5) == 200);
    CHECK(statusOf("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", 5) == 413);
    CHECK(statusOf("ffffffff\r\n", 5) == 413);
    CHECK(statusOf("fffffffffffffffff\r\n") == 413);
}

TEST_CASE("body: a limit that comes within a chunk") {
    const std::string text = "a\r\n0123456789\r\n5\r\nhello\r\n0\r\n\r\n";
    for (const std::uint64_t limit : {2, 9, 10, 14, 15}) {
        TextSource source(text, 100);
        BodyReader reader(source, Framing::chunked, 0);
        char some[3];
        REQUIRE(reader.read(some, 3, Wait::yes) == 3u);
        auto rest = [&] {
            reader.limit(limit);
            return readAll(reader);
        };
        if (limit == 15)
            CHECK(rest() == "3456789hello");
        else
            CHECK_THROWS_AS(rest(), HttpError);
        CHECK(reader.received() == (limit < 10 ? 3 : limit < 15 ? 10 : 15));
        CHECK(reader.broken() == (limit < 15));
    }
}

TEST_CASE("body: malformed chunks") {
    for (auto text : {"\r\n", "x\r\n", "-1\r\n", "0x5\r\nhello\r\n", "5 x\r\nhello\r\n", "5\nhello\r\n0\r\n\r\n",
                      "5\r\nhello!\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5;\x01\r\nhello\r\n0\r\n\r\n",
                      "0\r\nno colon\r\n\r\n", "0\r\n folded: x\r\n\r\n", "0\r\n\rX: y\r\n\r\n"})
        CHECK_MESSAGE(statusOf(text) == 400, text);
    CHECK(statusOf("5;" + std::string(400, 'a') + "\r\nhello\r\n0\r\n\r\n") == 400);
    std::string trailer = "0\r\n";
    for (int i = 0; i < 100; ++i) trailer += "A: " + std::string(150, 'a') + "\r\n";
    CHECK(statusOf(trailer + "\r\n") == 400);
}

TEST_CASE("body: cut off") {
    for (auto text : {"", "5", "5\r\nhel", "5\r\nhello\r\n", "0\r\n", "0\r\nX: y\r\n"})
        CHECK_MESSAGE(statusOf(text) == 0, text);
}

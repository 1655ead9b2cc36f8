// UTF-8 in pieces: what is whole, what may still become so, and at which byte it cannot any more.
#include "host/http/utf8_checker.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace talome::http;
using namespace std::string_literals;

namespace {

// The number of bytes up to and with the one that cannot be mended; 0 if there is none.
std::size_t faultOf(const std::string& text) {
    Utf8Checker checker;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (!checker.take(std::string_view(text).substr(i, 1))) return i + 1;
    return 0;
}

bool completeAfter(const std::string& text) {
    Utf8Checker checker;
    return checker.take(text) && checker.complete();
}

} // namespace

TEST_CASE("utf-8 in pieces: whole texts") {
    for (const auto& text : {""s,
                             "a"s,
                             "\0"s,
                             "\x7f"s,
                             "\xc2\x80"s,
                             "\xdf\xbf"s,
                             "\xe0\xa0\x80"s,
                             "\xec\xbf\xbf"s,
                             "\xed\x80\x80"s,
                             "\xed\x9f\xbf"s,
                             "\xee\x80\x80"s,
                             "\xef\xbf\xbd"s,
                             "\xef\xbf\xbe"s,
                             "\xef\xbf\xbf"s,
                             "\xf0\x90\x80\x80"s,
                             "\xf0\x9f\xbf\xbf"s,
                             "\xf1\x80\x80\x80"s,
                             "\xf3\xbf\xbf\xbf"s,
                             "\xf4\x80\x80\x80"s,
                             "\xf4\x8f\xbf\xbf"s,
                             "Hello-µ@ßöäüàá-UTF-8!!"s,
                             "κόσμε and 8 bytes of ascii"s,
                             "12345678κ12345678😀1234567"s}) {
        CHECK_MESSAGE(faultOf(text) == 0, text);
        CHECK_MESSAGE(completeAfter(text), text);
    }
}

TEST_CASE("utf-8 in pieces: the first byte that cannot be mended") {
    struct Case {
        std::string text;
        std::size_t fault;
    };
    for (const auto& row : {Case{"\x80", 1},
                            {"\xbf", 1},
                            {"\xc0\xaf", 1},
                            {"\xc1\xbf", 1},
                            {"\xc2 ", 2},
                            {"\xc2\xc2", 2},
                            {"\xe0\x80\xaf", 2},
                            {"\xe0\x9f\xbf", 2},
                            {"\xe1\x80 ", 3},
                            {"\xed\xa0\x80", 2},
                            {"\xed\xbf\xbf", 2},
                            {"\xef\xbf\x7f", 3},
                            {"\xf0\x80\x80\xaf", 2},
                            {"\xf0\x8f\xbf\xbf", 2},
                            {"\xf1\x80\x80 ", 4},
                            {"\xf4\x90\x80\x80", 2},
                            {"\xf5\x80\x80\x80", 1},
                            {"\xf8\x88\x80\x80\x80", 1},
                            {"\xfc\x84\x80\x80\x80\x80", 1},
                            {"\xfe", 1},
                            {"\xff", 1},
                            {"12345678901234\xff", 15},
                            {"κόσμε\xed\xa0\x80 edited", 12}}) {
        CHECK_MESSAGE(faultOf(row.text) == row.fault, row.text);
        CHECK_FALSE(completeAfter(row.text));
    }
}

TEST_CASE("utf-8 in pieces: cut inside a character it is not complete, and not wrong") {
    const std::string text = "aµ€😀z";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        Utf8Checker checker;
        CHECK(checker.take(text.substr(0, cut)));
        const bool boundary = cut == text.size() || (static_cast<unsigned char>(text[cut]) & 0xc0) != 0x80;
        CHECK(checker.complete() == boundary);
        CHECK(checker.take(text.substr(cut)));
        CHECK(checker.complete());
    }
}

TEST_CASE("utf-8 in pieces: a reset forgets a character under way") {
    Utf8Checker checker;
    CHECK(checker.take("\xf0\x9f"));
    checker.reset();
    CHECK(checker.complete());
    CHECK(checker.take("a"));
}

#include "host/http/content_disposition.hpp"

#include "host/http/query.hpp"
#include "host/http/response_head.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace talome::http;

TEST_CASE("content disposition: what is written for a name") {
    CHECK(contentDisposition(true, "") == "attachment");
    CHECK(contentDisposition(true, "report.pdf") == R"(attachment; filename="report.pdf")");
    CHECK(contentDisposition(true, "a b;c=d'.txt") == R"(attachment; filename="a b;c=d'.txt")");
    CHECK(contentDisposition(false, "") == "inline");
    CHECK(contentDisposition(false, "a.mkv") == R"(inline; filename="a.mkv")");
    CHECK(contentDisposition(true, "na\xc3\xafve \xe2\x82\xac.txt") ==
          R"(attachment; filename="na_ve _.txt"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt)");
    CHECK(contentDisposition(true, "\xf0\x9f\x8e\xac.mkv") ==
          R"(attachment; filename="_.mkv"; filename*=UTF-8''%F0%9F%8E%AC.mkv)");
}

TEST_CASE("content disposition: a name stays a name") {
    CHECK(contentDisposition(true, "/etc/passwd") == R"(attachment; filename="_etc_passwd")");
    CHECK(contentDisposition(true, "..\\..\\x") == R"(attachment; filename=".._.._x")");
    CHECK(contentDisposition(true, R"(a"; filename="evil.exe)") ==
          R"(attachment; filename="a_; filename=_evil.exe"; filename*=UTF-8''a%22%3B%20filename%3D%22evil.exe)");
    // Some readers undo %-escapes in the plain form.
    CHECK(contentDisposition(true, "100%41.txt") ==
          R"(attachment; filename="100_41.txt"; filename*=UTF-8''100%2541.txt)");
    CHECK(contentDisposition(true, "a\r\nSet-Cookie: b=c") == R"(attachment; filename="a__Set-Cookie: b=c")");
    CHECK(contentDisposition(true, std::string_view("a\0b", 3)) == R"(attachment; filename="a_b")");
    CHECK(contentDisposition(true, "a\x7f\xc2\x85\xe2\x80\xa8z") == R"(attachment; filename="a___z")");
    CHECK(contentDisposition(true, "fdp\xe2\x80\xae"
                                   "cod.exe") == R"(attachment; filename="fdp_cod.exe")");
}

TEST_CASE("content disposition: names that are no UTF-8") {
    CHECK(contentDisposition(true, "caf\xe9.txt") ==
          R"(attachment; filename="caf_.txt"; filename*=UTF-8''caf%EF%BF%BD.txt)");
    for (auto name : {"\xff", "\xc3", "\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"}) {
        const auto field = contentDisposition(true, name);
        const auto at = field.find("''");
        REQUIRE(at != field.npos);
        CHECK(isUtf8(percentDecode(field.substr(at + 2)).value_or("\xff")));
    }
}

TEST_CASE("content disposition: a long name keeps its ending") {
    for (std::string piece : {"x", "\xc3\xa9", "\xe2\x82\xac", "\xff", "\xf0\x9f\x8e\xac"}) {
        std::string name;
        while (name.size() < 5000) name += piece;
        const auto field = contentDisposition(true, name + ".mkv");
        CHECK(field.size() < 1100);
        CHECK(field.ends_with(piece == "x" ? ".mkv\"" : ".mkv"));
        const auto at = field.find("''");
        if (at == field.npos) continue;
        const auto decoded = percentDecode(field.substr(at + 2));
        REQUIRE(decoded);
        CHECK(decoded->size() <= kMaxFileName);
    }
    CHECK(contentDisposition(true, "a." + std::string(5000, 'b')).size() < 300);
}

TEST_CASE("content disposition: any bytes give one valid field") {
    unsigned state = 1;
    for (int round = 0; round < 20000; ++round) {
        std::string name;
        for (unsigned n = (state >> 8) % 12; n > 0; --n) {
            state = state * 1664525u + 1013904223u;
            name += static_cast<char>(state >> 24);
        }
        state = state * 1664525u + 1013904223u;
        ResponseFields fields;
        CHECK_NOTHROW(fields.set("Content-Disposition", contentDisposition(true, name)));
        const auto& value = fields.all().front().second;
        const auto open = value.find('"');
        if (open != value.npos) {
            const auto close = value.find('"', open + 1);
            CHECK(value.find('"', close + 1) == value.npos);
            CHECK(value.find('\\') == value.npos);
        }
        CHECK(std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c < 127; }));
    }
}

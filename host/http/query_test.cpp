// Percent encoding, queries, UTF-8.
#include "host/http/error.hpp"
#include "host/http/query.hpp"

#include <doctest/doctest.h>

using namespace talome::http;

TEST_CASE("query: pairs in the order sent") {
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    CHECK(parseQuery("") == Pairs{});
    CHECK(parseQuery("a=1&b=x+y%2B&a=%C3%A4&&c&d=e=f&=g") ==
          Pairs{{"a", "1"}, {"b", "x y+"}, {"a", "ä"}, {"c", ""}, {"d", "e=f"}, {"", "g"}});
}

TEST_CASE("query: malformed, and too much") {
    for (auto text : {"a=%", "a=%1", "%g1=a", "a=%00", "a=%ff", "a=%c3"}) CHECK_THROWS_AS(parseQuery(text), HttpError);
    std::string many;
    for (int i = 0; i < 100; ++i) many += "a=b&";
    CHECK(parseQuery(many).size() == 100);
    CHECK_THROWS_AS(parseQuery(many + "a=b"), HttpError);
}

TEST_CASE("percent encoding: there and back") {
    std::string all;
    for (int c = 1; c < 128; ++c) all += static_cast<char>(c);
    all += "äöü€😀";
    CHECK(percentDecode(percentEncode(all)) == all);
    CHECK(percentEncode("../a b") == "..%2Fa%20b");
}

TEST_CASE("utf-8: only its shortest and lawful forms") {
    CHECK(isUtf8("aä€😀"));
    for (auto text : {"\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                      "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "a\xe2\x28\xa1"})
        CHECK_FALSE(isUtf8(text));
}

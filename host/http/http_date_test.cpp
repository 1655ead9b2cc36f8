#include "host/http/http_date.hpp"

#include <doctest/doctest.h>

using namespace talome::http;

TEST_CASE("http date: three forms are read, one is written") {
    constexpr std::time_t when = 784111777, now = 1767225600; // the example of RFC 9110; the first second of 2026
    for (auto text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"})
        CHECK_MESSAGE(parseHttpDate(text, now) == when, text);
    CHECK(formatHttpDate(when) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(formatHttpDate(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK(formatHttpDate(-1) == "Wed, 31 Dec 1969 23:59:59 GMT");
    CHECK(formatHttpDate(INT64_MAX) == "Fri, 31 Dec 9999 23:59:59 GMT");
    CHECK(formatHttpDate(INT64_MIN) == "Sat, 01 Jan 0000 00:00:00 GMT");
    CHECK(parseHttpDate("Wed Nov 16 08:49:37 1994", now) == when + 10 * 86400);
    CHECK(parseHttpDate("Thu, 29 Feb 2024 23:59:60 GMT") == 1709251200);
}

TEST_CASE("http date: what is written is read again") {
    for (std::time_t when = -62167219200; when < 253402300799; when += 86400 * 97 + 12345)
        CHECK(parseHttpDate(formatHttpDate(when)) == when);
}

TEST_CASE("http date: a year of two digits is within fifty years ahead") {
    constexpr std::time_t now = 1767225600; // 2026
    CHECK(parseHttpDate("Friday, 01-Jan-76 00:00:00 GMT", now) == parseHttpDate("Wed, 01 Jan 2076 00:00:00 GMT"));
    CHECK(parseHttpDate("Saturday, 01-Jan-77 00:00:00 GMT", now) == parseHttpDate("Sat, 01 Jan 1977 00:00:00 GMT"));
}

TEST_CASE("http date: anything else is none") {
    for (auto text : {"",
                      " ",
                      "0",
                      "784111777",
                      "Sun, 06 Nov 1994 08:49:37",
                      "Sun, 06 Nov 1994 08:49:37 UTC",
                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                      " Sun, 06 Nov 1994 08:49:37 GMT",
                      "sun, 06 Nov 1994 08:49:37 GMT",
                      "Sun, 6 Nov 1994 08:49:37 GMT",
                      "Sun, 31 Feb 1994 08:49:37 GMT",
                      "Sun, 00 Nov 1994 08:49:37 GMT",
                      "Sun, 06 Nov 1994 24:00:00 GMT",
                      "Sun, 06 Nov 1994 08:60:00 GMT",
                      "Sun, 06 Nov 1994 08:49:61 GMT",
                      "Sun, 06 Nov 994 08:49:37 GMT",
                      "Sun, 06 Nov 19944 08:49:37 GMT",
                      "Sun, -6 Nov 1994 08:49:37 GMT",
                      "Sun Nov 06 08:49:37 1994 GMT",
                      "Sunday, 06-Nov-1994 08:49:37 GMT",
                      "Sun, 29 Feb 2023 00:00:00 GMT"})
        CHECK_MESSAGE(!parseHttpDate(text), text);
}

// The notations of `since` and `until`.
#include "engine/time_spec.hpp"

#include <doctest/doctest.h>

using namespace talome::docker;

namespace {

constexpr std::int64_t kNowMs = 1'700'000'000'500;

std::string read(std::string_view text) {
    const auto instant = parseInstant(text, kNowMs);
    return instant ? instant->engineText() : "refused";
}

} // namespace

TEST_CASE("times are read") {
    for (const auto& [text, expected] : {
             std::pair{"0", "0.000000000"},
             {"1700000000", "1700000000.000000000"},
             {"1700000000.25", "1700000000.250000000"},
             {"1970-01-02", "86400.000000000"},
             {"2023-11-14T22:13:20Z", "1700000000.000000000"},
             {"2023-11-14T22:13:20.5Z", "1700000000.500000000"},
             {"2023-11-15T00:13:20+02:00", "1700000000.000000000"},
             {"2023-11-14T16:43:20-0530", "1700000000.000000000"},
             {"2024-02-29T00:00:00Z", "1709164800.000000000"},
             {"10m", "1699999400.500000000"},
             {"1h30m", "1699994600.500000000"},
             {"1w", "1699395200.500000000"},
             {"100000w", "0.000000000"},
         }) {
        CAPTURE(text);
        CHECK(read(text) == expected);
    }
}

TEST_CASE("what is no time is refused") {
    for (const char* text :
         {"", "-5", "yesterday", "10x", "m", "1.m", "2023-02-30", "2023-11-14T25:00:00Z", "2023-11-14T22:13:20",
          "2023-11-14T22:13:20+99:00", "99999999999999", "1700000000.", "1e9", " 5", "5 ", "10m ", "2023-1-1"}) {
        CAPTURE(text);
        CHECK(read(text) == "refused");
    }
}

TEST_CASE("times are written") {
    CHECK(isoTime(0) == "1970-01-01T00:00:00Z");
    CHECK(isoTime(1'709'164'799) == "2024-02-28T23:59:59Z");
}

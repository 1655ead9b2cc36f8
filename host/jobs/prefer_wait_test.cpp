#include "host/jobs/prefer_wait.hpp"

#include <doctest/doctest.h>

TEST_CASE("Prefer: wait, as RFC 7240 has it") {
    const struct {
        const char* prefer;
        int seconds; ///< -1: nothing
    } rows[] = {{"wait=10", 10},
                {"WAIT=10", 10},
                {"respond-async, wait=5", 5},
                {"wait = 7", 7},
                {"wait=\"7\"", 7},
                {"wait=5; foo=bar", 5},
                {"foo=\"a,wait=9\", wait=3", 3},
                {"wait=0", 0},
                {"wait=61", 60},
                {"wait=99999999999999", 60},
                {"wait=3, wait=9", 3},
                {"", -1},
                {"wait", -1},
                {"wait=", -1},
                {"wait=x", -1},
                {"wait=-1", -1},
                {"respond-async", -1},
                {"waiting=4", -1},
                {"foo=\"\\\",wait=2", -1},
                {",,wait=4", 4}};
    for (const auto& row : rows) {
        CAPTURE(row.prefer);
        const auto found = talome::jobs::preferredWait(row.prefer);
        CHECK((found ? static_cast<int>(found->count()) : -1) == row.seconds);
    }
}

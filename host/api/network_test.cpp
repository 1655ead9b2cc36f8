#include "host/api/network.hpp"

#include <doctest/doctest.h>

using talome::api::isPrivateAddress;

TEST_CASE("private addresses") {
    for (const char* address : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1", "100.64.0.1", "::1", "fd00::1",
                                "fe80::1", "::ffff:192.168.1.1"})
        CHECK_MESSAGE(isPrivateAddress(address), address);
    for (const char* address : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1", "::ffff:8.8.8.8", "10.evil.com", "", "10."})
        CHECK_MESSAGE(!isPrivateAddress(address), address);
}

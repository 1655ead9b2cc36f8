#include "host/gate/network.hpp"

#include <doctest/doctest.h>

using namespace talome::gate;

TEST_CASE("private addresses") {
    for (const char* address : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1",
                                "100.64.0.1", "::1", "fd00::1", "fe80::1", "::ffff:192.168.1.1"})
        CHECK_MESSAGE(isPrivateAddress(address), address);
    for (const char* address :
         {"8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1", "::ffff:8.8.8.8", "10.evil.com", "", "10."})
        CHECK_MESSAGE(!isPrivateAddress(address), address);
}

TEST_CASE("hosts that no stranger can name") {
    for (const char* host : {"localhost", "localhost:4000", "127.0.0.1:4000", "192.168.1.5", "[::1]:4000", "[fd00::1]",
                             "8.8.8.8", "nas", "NAS.local:80", "talome.lan", "x.home.arpa"})
        CHECK_MESSAGE(isLocalHost(host), host);
    for (const char* host :
         {"evil.com", "evil.com:4000", "10.evil.com", "local.evil.com", "", ":80", "[evil.com]", "127.0.0.1.nip.io"})
        CHECK_MESSAGE(!isLocalHost(host), host);
}

TEST_CASE("a forwarded address counts only from a trusted proxy") {
    const TrustedProxies none({}), some({"127.0.0.1", "10.0.0.0/8", "fd00::/8"});
    CHECK(none.client("127.0.0.1", "1.2.3.4") == "127.0.0.1");
    CHECK(some.client("8.8.8.8", "127.0.0.1") == "8.8.8.8");
    CHECK(some.client("127.0.0.1", "1.2.3.4") == "1.2.3.4");
    CHECK(some.client("127.0.0.1", "127.0.0.1, 1.2.3.4, 10.9.9.9") == "1.2.3.4");
    CHECK(some.client("fd00::5", "9.9.9.9") == "9.9.9.9");
    CHECK(some.client("127.0.0.1", "1.2.3.4, <script>") == "127.0.0.1");
    CHECK(some.client("127.0.0.1", "") == "127.0.0.1");
    CHECK_THROWS_AS(TrustedProxies({"10.0.0.0/33"}), std::invalid_argument);
    CHECK_THROWS_AS(TrustedProxies({"home.lan"}), std::invalid_argument);
}

TEST_CASE("a list of addresses and networks") {
    const Networks none({}), some({"192.168.1.7", "10.0.0.0/8", "::1", "fd00::/8"}), all({"0.0.0.0/0"});
    CHECK(none.empty());
    CHECK_FALSE(none.contains("127.0.0.1"));
    for (const char* address : {"192.168.1.7", "10.255.0.1", "::1", "fd12::3", "::ffff:10.0.0.1"})
        CHECK_MESSAGE(some.contains(address), address);
    for (const char* address : {"192.168.1.8", "11.0.0.1", "::2", "fe80::1", "", "10.evil.com", "10.0.0.0/8"})
        CHECK_MESSAGE(!some.contains(address), address);
    CHECK(all.contains("8.8.8.8"));
    CHECK_FALSE(all.contains("::1"));
    for (const char* wrong : {"", "10", "192.168", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "::/129", "localhost"})
        CHECK_THROWS_AS(Networks({wrong}), std::invalid_argument);
}

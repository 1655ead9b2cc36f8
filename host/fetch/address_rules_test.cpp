#include "host/fetch/address_rules.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <set>
#include <talome/fetch.h>

using namespace talome::fetch;

namespace {

struct Case {
    const char* address;
    Zone zone;
};

constexpr Zone N = Zone::never, G = Zone::global, L = Zone::lan, M = Zone::loopback;

/// The ends of every range, and what stands beside them.
constexpr Case kCases[] = {
    {"0.0.0.0", N},
    {"0.0.0.1", N},
    {"0.255.255.255", N},
    {"1.0.0.0", G},
    {"1.1.1.1", G},
    {"8.8.8.8", G},
    {"9.255.255.255", G},
    {"10.0.0.0", L},
    {"10.9.8.7", L},
    {"10.255.255.255", L},
    {"11.0.0.0", G},
    {"100.63.255.255", G},
    {"100.64.0.0", L},
    {"100.100.100.199", L},
    {"100.100.100.200", N},
    {"100.100.100.201", L},
    {"100.127.255.255", L},
    {"100.128.0.0", G},
    {"126.255.255.255", G},
    {"127.0.0.0", M},
    {"127.0.0.1", M},
    {"127.1.2.3", M},
    {"127.255.255.255", M},
    {"128.0.0.0", G},
    {"168.63.129.15", G},
    {"168.63.129.16", N},
    {"168.63.129.17", G},
    {"169.253.255.255", G},
    {"169.254.0.0", N},
    {"169.254.169.254", N},
    {"169.254.170.2", N},
    {"169.254.255.255", N},
    {"169.255.0.0", G},
    {"172.15.255.255", G},
    {"172.16.0.0", L},
    {"172.17.0.1", L},
    {"172.31.255.255", L},
    {"172.32.0.0", G},
    {"191.255.255.255", G},
    {"192.0.0.0", N},
    {"192.0.0.192", N},
    {"192.0.0.255", N},
    {"192.0.1.0", G},
    {"192.0.1.255", G},
    {"192.0.2.0", N},
    {"192.0.2.255", N},
    {"192.0.3.0", G},
    {"192.88.98.255", G},
    {"192.88.99.0", N},
    {"192.88.99.255", N},
    {"192.88.100.0", G},
    {"192.167.255.255", G},
    {"192.168.0.0", L},
    {"192.168.255.255", L},
    {"192.169.0.0", G},
    {"198.17.255.255", G},
    {"198.18.0.0", N},
    {"198.19.255.255", N},
    {"198.20.0.0", G},
    {"198.51.99.255", G},
    {"198.51.100.0", N},
    {"198.51.100.255", N},
    {"198.51.101.0", G},
    {"203.0.112.255", G},
    {"203.0.113.0", N},
    {"203.0.113.255", N},
    {"203.0.114.0", G},
    {"223.255.255.255", G},
    {"224.0.0.0", N},
    {"224.0.0.251", N},
    {"239.255.255.250", N},
    {"239.255.255.255", N},
    {"240.0.0.0", N},
    {"255.255.255.254", N},
    {"255.255.255.255", N},

    {"::", N},
    {"::1", M},
    {"::2", N},
    {"::127.0.0.1", N},
    {"::8.8.8.8", N},
    {"::ffff:8.8.8.8", N},
    {"::ffff:127.0.0.1", N},
    {"::ffff:10.0.0.1", N},
    {"::ffff:169.254.169.254", N},
    {"::ffff:0:127.0.0.1", N},
    {"0:0:0:0:0:ffff:7f00:1", N},
    {"64:ff9b::8.8.8.8", N},
    {"64:ff9b::7f00:1", N},
    {"64:ff9b::a9fe:a9fe", N},
    {"64:ff9b:1::1", N},
    {"64:ff9c::1", N},
    {"100::1", N},
    {"1fff:ffff::1", N},
    {"2000::", G},
    {"2000::1", G},
    {"2001::1", N},
    {"2001:0:4136:e378:8000:63bf:3fff:fdd2", N},
    {"2001:2::1", N},
    {"2001:10::1", N},
    {"2001:20::1", N},
    {"2001:1ff:ffff::1", N},
    {"2001:200::1", G},
    {"2001:4860:4860::8888", G},
    {"2001:db7:ffff::1", G},
    {"2001:db8::", N},
    {"2001:db8:ffff::1", N},
    {"2001:db9::1", G},
    {"2002::1", N},
    {"2002:7f00:1::1", N},
    {"2002:a9fe:a9fe::1", N},
    {"2002:808:808::1", N},
    {"2003::1", G},
    {"2606:4700:4700::1111", G},
    {"2a00:1450::1", G},
    {"3ffe::1", G},
    {"3fff::1", N},
    {"3fff:fff::1", N},
    {"3fff:1000::1", G},
    {"4000::1", N},
    {"5f00::1", N},
    {"fbff::1", N},
    {"fc00::", L},
    {"fd00::1", L},
    {"fd00:ec2::254", N},
    {"fd20:ce::254", N},
    {"fd12:3456:789a::1", L},
    {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", L},
    {"fe00::1", N},
    {"fe7f:ffff::1", N},
    {"fe80::", N},
    {"fe80::1", N},
    {"febf:ffff::1", N},
    {"fec0::1", N},
    {"feff::1", N},
    {"ff00::", N},
    {"ff02::1", N},
    {"ff02::fb", N},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", N},
};

} // namespace

TEST_CASE("fetch: every range of addresses, at its ends and beside them") {
    for (const auto& [text, zone] : kCases) {
        CAPTURE(text);
        const auto address = Address::parse(text);
        REQUIRE(address);
        CHECK(static_cast<int>(judge(*address).zone) == static_cast<int>(zone));
        CHECK(!judge(*address).what.empty());
    }
}

TEST_CASE("fetch: every row of the table is a network, and none stands twice") {
    std::set<std::string> seen;
    for (const auto& rule : addressRules()) {
        CAPTURE(rule.network);
        const std::string network = rule.network;
        CHECK(Address::parse(network.substr(0, network.find('/'))));
        CHECK(seen.insert(network).second);
    }
}

TEST_CASE("fetch: what is no address in full is none") {
    for (const char* text :
         {"", "1", "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "1.2.3.4.5", "1.2.3", "1.2.3.256", "1.2.3.4 ",
          " 1.2.3.4", "fe80::1%eth0", "fe80::1%1", "[::1]", ":::", "1::2::3", "::g", "12345::", "1.2.3.4/8"})
        CHECK_MESSAGE(!Address::parse(text), text);
}

TEST_CASE("fetch: what a socket says of its peer") {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(0xa9fea9fe);
    const auto address = Address::of(reinterpret_cast<const sockaddr*>(&in), sizeof in);
    REQUIRE(address);
    CHECK(address->text() == "169.254.169.254");
    CHECK(!Address::of(reinterpret_cast<const sockaddr*>(&in), 4));
    sockaddr unix{};
    unix.sa_family = AF_UNIX;
    CHECK(!Address::of(&unix, sizeof unix));
}

TEST_CASE("fetch: which zone is allowed to whom") {
    const std::uint32_t all = TALOME_FETCH_LAN | TALOME_FETCH_LOOPBACK;
    for (const std::uint32_t reach : {std::uint32_t{TALOME_FETCH_PUBLIC}, std::uint32_t{TALOME_FETCH_LAN},
                                      std::uint32_t{TALOME_FETCH_LOOPBACK}, all}) {
        CHECK(allows(reach, Zone::global));
        CHECK(allows(reach, Zone::lan) == ((reach & TALOME_FETCH_LAN) != 0));
        CHECK(allows(reach, Zone::loopback) == ((reach & TALOME_FETCH_LOOPBACK) != 0));
        CHECK(!allows(reach, Zone::never));
    }
}

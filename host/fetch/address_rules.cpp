// Where an address lies, after the special-purpose registries of IANA (RFC 6890 and what followed), as a table. What
// the registries call globally reachable and still stands for another address (tunnels, mapped forms) is refused.
#include "host/fetch/address_rules.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <talome/fetch.h>
#include <vector>

namespace talome::fetch {

namespace {

constexpr AddressRule kRules[] = {
    {"0.0.0.0/8", Zone::never, "no host's address"}, // reaches this machine
    {"10.0.0.0/8", Zone::lan, "a private network"},
    {"100.100.100.200/32", Zone::never, "a cloud's metadata"},
    {"100.64.0.0/10", Zone::lan, "a shared network"},
    {"127.0.0.0/8", Zone::loopback, "this machine"},
    {"168.63.129.16/32", Zone::never, "a cloud's metadata"},
    {"169.254.0.0/16", Zone::never, "link-local, where clouds keep their metadata"},
    {"172.16.0.0/12", Zone::lan, "a private network"},
    {"192.0.0.0/24", Zone::never, "reserved for protocols"},
    {"192.0.2.0/24", Zone::never, "for documentation"},
    {"192.88.99.0/24", Zone::never, "a 6to4 relay"},
    {"192.168.0.0/16", Zone::lan, "a private network"},
    {"198.18.0.0/15", Zone::never, "for benchmarks"},
    {"198.51.100.0/24", Zone::never, "for documentation"},
    {"203.0.113.0/24", Zone::never, "for documentation"},
    {"224.0.0.0/4", Zone::never, "multicast"},
    {"240.0.0.0/4", Zone::never, "reserved, or broadcast"},
    {"0.0.0.0/0", Zone::global, "public"},

    {"::/128", Zone::never, "no host's address"},
    {"::1/128", Zone::loopback, "this machine"},
    {"::ffff:0:0/96", Zone::never, "a mapped IPv4 address"},
    {"::/96", Zone::never, "an embedded IPv4 address"},
    {"64:ff9b::/96", Zone::never, "NAT64"},
    {"64:ff9b:1::/48", Zone::never, "NAT64"},
    {"2001::/32", Zone::never, "Teredo"},
    {"2001::/23", Zone::never, "reserved for protocols"},
    {"2001:db8::/32", Zone::never, "for documentation"},
    {"2002::/16", Zone::never, "6to4"},
    {"3fff::/20", Zone::never, "for documentation"},
    {"2000::/3", Zone::global, "public"},
    {"fd00:ec2::/32", Zone::never, "a cloud's metadata"},
    {"fd20:ce::/32", Zone::never, "a cloud's metadata"},
    {"fc00::/7", Zone::lan, "a private network"},
    {"fe80::/10", Zone::never, "link-local"},
    {"fec0::/10", Zone::never, "site-local"},
    {"ff00::/8", Zone::never, "multicast"},
    {"::/0", Zone::never, "not assigned to anybody"},
};

struct Network {
    Address address;
    unsigned bits;
};

Network networkOf(const std::string& text) {
    const auto slash = text.find('/');
    const auto address = Address::parse(text.substr(0, slash));
    if (!address || slash == std::string::npos) throw std::logic_error(text + " is no network");
    Network network{*address, 0};
    std::from_chars(text.data() + slash + 1, text.data() + text.size(), network.bits);
    return network;
}

bool contains(const Network& network, const Address& address) {
    if (network.address.v6 != address.v6) return false;
    const unsigned whole = network.bits / 8, rest = network.bits % 8;
    if (!std::equal(address.bytes.begin(), address.bytes.begin() + whole, network.address.bytes.begin())) return false;
    if (!rest) return true;
    return ((address.bytes[whole] ^ network.address.bytes[whole]) >> (8 - rest)) == 0;
}

} // namespace

std::span<const AddressRule> addressRules() { return kRules; }

std::optional<Address> Address::parse(const std::string& text) {
    Address address;
    address.v6 = text.find(':') != std::string::npos;
    if (::inet_pton(address.v6 ? AF_INET6 : AF_INET, text.c_str(), address.bytes.data()) != 1) return std::nullopt;
    return address;
}

std::optional<Address> Address::of(const sockaddr* from, std::size_t length) {
    Address address;
    if (from->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
        sockaddr_in in{};
        std::memcpy(&in, from, sizeof in);
        std::memcpy(address.bytes.data(), &in.sin_addr, 4);
        return address;
    }
    if (from->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
        sockaddr_in6 in{};
        std::memcpy(&in, from, sizeof in);
        std::memcpy(address.bytes.data(), &in.sin6_addr, 16);
        address.v6 = true;
        return address;
    }
    return std::nullopt;
}

std::string Address::text() const {
    char buffer[INET6_ADDRSTRLEN];
    return ::inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), buffer, sizeof buffer);
}

Verdict judge(const Address& address) {
    static const std::vector<Network> networks = [] {
        std::vector<Network> all;
        for (const auto& rule : kRules) all.push_back(networkOf(rule.network));
        return all;
    }();
    const auto it =
        std::find_if(networks.begin(), networks.end(), [&](const Network& each) { return contains(each, address); });
    const auto& rule = kRules[it - networks.begin()]; // the last row of each family holds every address
    return {rule.zone, rule.what};
}

bool allows(std::uint32_t reach, Zone zone) {
    switch (zone) {
    case Zone::global:
        return true;
    case Zone::lan:
        return reach & TALOME_FETCH_LAN;
    case Zone::loopback:
        return reach & TALOME_FETCH_LOOPBACK;
    case Zone::never:
        break;
    }
    return false;
}

} // namespace talome::fetch

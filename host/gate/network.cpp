// What an address says of where a caller sits. Parsed as an address: a name that begins like one is none.
#include "host/gate/network.hpp"

#include <Poco/String.h>
#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace talome::gate {

namespace {

using Poco::Net::IPAddress;

std::optional<IPAddress> parsed(const std::string& text) {
    IPAddress address;
    if (!IPAddress::tryParse(text, address)) return std::nullopt;
    // "10" and "192.168" are read as 0.0.0.10 and 192.0.0.168, which nobody means.
    if (address.family() == IPAddress::IPv4 && std::count(text.begin(), text.end(), '.') != 3) return std::nullopt;
    if (address.family() == IPAddress::IPv6 && address.isIPv4Mapped()) {
        const auto* bytes = static_cast<const unsigned char*>(address.addr());
        return IPAddress(bytes + 12, 4);
    }
    return address;
}

} // namespace

bool isPrivateAddress(const std::string& text) {
    const auto address = parsed(text);
    if (!address) return false;
    const auto* bytes = static_cast<const unsigned char*>(address->addr());
    if (address->family() == IPAddress::IPv4)
        return bytes[0] == 127 || bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xf0) == 16) ||
               (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254) ||
               (bytes[0] == 100 && (bytes[1] & 0xc0) == 64);
    return address->isLoopback() || (bytes[0] & 0xfe) == 0xfc || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80);
}

bool isLocalHost(std::string_view host) {
    if (host.starts_with('[')) return parsed(std::string(host.substr(1, host.find(']') - 1))).has_value();
    auto name = Poco::toLower(std::string(host.substr(0, host.rfind(':'))));
    if (name.empty() || parsed(name)) return !name.empty();
    if (name.find('.') == std::string::npos) return true;
    for (const std::string_view ending : {".localhost", ".local", ".lan", ".home.arpa", ".internal"})
        if (name.ends_with(ending)) return true;
    return false;
}

Networks::Networks(const std::vector<std::string>& list) {
    for (const auto& each : list) {
        const auto slash = each.find('/');
        const auto address = parsed(each.substr(0, slash));
        if (!address) throw std::invalid_argument("'" + each + "' is no address or network");
        const unsigned most = address->family() == IPAddress::IPv4 ? 32 : 128;
        unsigned bits = most;
        if (slash != std::string::npos) {
            const auto [end, error] = std::from_chars(each.data() + slash + 1, each.data() + each.size(), bits);
            if (error != std::errc{} || end != each.data() + each.size() || bits > most)
                throw std::invalid_argument("'" + each + "' is no address or network");
        }
        const IPAddress mask(bits, address->family());
        networks_.push_back({*address & mask, mask});
    }
}

bool Networks::contains(const std::string& text) const {
    const auto address = parsed(text);
    if (!address) return false;
    for (const auto& network : networks_)
        if (network.address.family() == address->family() && (*address & network.mask) == network.address) return true;
    return false;
}

std::string TrustedProxies::client(const std::string& peer, std::string_view forwardedFor) const {
    if (forwardedFor.empty() || empty() || !contains(peer)) return peer;
    std::string rest(forwardedFor), last = peer;
    while (!rest.empty()) {
        const auto comma = rest.rfind(',');
        const auto entry = Poco::trim(comma == std::string::npos ? rest : rest.substr(comma + 1));
        if (!parsed(entry)) return last; // nothing before nonsense can be believed
        last = entry;
        if (!contains(entry)) return entry;
        rest.resize(comma == std::string::npos ? 0 : comma);
    }
    return last;
}

} // namespace talome::gate

// Where an address lies: the whole internet, this network, this machine, or nowhere that a request may go.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace talome::fetch {

/// An IPv4 or IPv6 address without port and zone.
struct Address {
    std::array<std::uint8_t, 16> bytes{}; ///< of IPv4 the first four
    bool v6 = false;

    /// Dotted or RFC 4291 text, in full: no shorthand, no zone.
    static std::optional<Address> parse(const std::string& text);
    static std::optional<Address> of(const sockaddr* socketAddress, std::size_t length);

    std::string text() const;
    bool operator==(const Address&) const = default;
};

/// From outside to inside: a redirect may only lead to the same zone or further out.
enum class Zone { global, lan, loopback, never };

/// A network, where it lies and what it is. The first row that holds an address counts.
struct AddressRule {
    const char* network;
    Zone zone;
    std::string_view what;
};
std::span<const AddressRule> addressRules();

struct Verdict {
    Zone zone;
    std::string_view what; ///< "a private network"
};
Verdict judge(const Address&);

/// Whether TALOME_FETCH_LAN, … of a request allow that zone.
bool allows(std::uint32_t reach, Zone);

} // namespace talome::fetch

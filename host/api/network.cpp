// What an address says of where a caller sits. Parsed as an address: a name that begins like one is none.
#include "host/api/network.hpp"

#include <Poco/Net/IPAddress.h>

namespace talome::api {

bool isPrivateAddress(const std::string& text) {
    Poco::Net::IPAddress address;
    if (!Poco::Net::IPAddress::tryParse(text, address)) return false;
    if (address.family() == Poco::Net::IPAddress::IPv6 && address.isIPv4Mapped()) {
        const auto* bytes = static_cast<const unsigned char*>(address.addr());
        address = Poco::Net::IPAddress(bytes + 12, 4);
    }
    const auto* bytes = static_cast<const unsigned char*>(address.addr());
    if (address.family() == Poco::Net::IPAddress::IPv4)
        return bytes[0] == 127 || bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xf0) == 16) || (bytes[0] == 192 && bytes[1] == 168) ||
               (bytes[0] == 169 && bytes[1] == 254) || (bytes[0] == 100 && (bytes[1] & 0xc0) == 64);
    return address.isLoopback() || (bytes[0] & 0xfe) == 0xfc || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80);
}

} // namespace talome::api

// What an address says of where a caller sits, and which address is the caller's when a proxy stands between.
#pragma once

#include <Poco/Net/IPAddress.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talome::gate {

/// Loopback, RFC 1918, RFC 6598 (shared), link-local or unique local (RFC 4193); false for what is no address.
bool isPrivateAddress(const std::string& address);

/// Whether a browser that shows `host` (with or without a port) surely talks to this network: an address, localhost, or
/// a name that no public name server answers for. Any other name could be a stranger's, pointed here (DNS rebinding).
bool isLocalHost(std::string_view host);

/// Addresses and networks that a configuration lists: "127.0.0.1", "10.0.0.0/8", "fd00::/8". Immutable; any thread.
class Networks {
public:
    /// Throws std::invalid_argument that names what is no address or network.
    explicit Networks(const std::vector<std::string>& list);

    bool contains(const std::string& address) const;
    bool empty() const { return networks_.empty(); }

private:
    struct Network {
        Poco::Net::IPAddress address, mask;
    };
    std::vector<Network> networks_;
};

/// The proxies whose X-Forwarded-For counts. Immutable; any thread.
class TrustedProxies : public Networks {
public:
    explicit TrustedProxies(const std::vector<std::string>& list) : Networks(list) {}

    /// The caller's address: the connection's, unless that is a trusted proxy; then the last one in the header that is
    /// none itself. What stands before it could have been sent by anybody.
    std::string client(const std::string& peer, std::string_view forwardedFor) const;
};

} // namespace talome::gate

// Which pages may speak to the server, and under which names it may be spoken to: against DNS rebinding (S28).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace talome::mcp {

/// `host`: the Host header, with a port or without. Addresses, one-word names, names that only a local network gives,
/// and the hosts of `allowed` origins; any other name may be one that a page's owner has pointed at this server.
bool isOwnHost(std::string_view host, const std::vector<std::string>& allowed);

/// `origin`: the Origin header. This host on any port, this machine, or one of `allowed`.
bool isAllowedOrigin(std::string_view origin, std::string_view host, const std::vector<std::string>& allowed);

} // namespace talome::mcp

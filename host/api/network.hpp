// What an address says of where a caller sits.
#pragma once

#include <string>

namespace talome::api {

/// Loopback, RFC 1918, RFC 6598 (shared), link-local or unique local (RFC 4193); false for what is no address.
bool isPrivateAddress(const std::string& address);

} // namespace talome::api

// What a plugin asks for, checked, copied and with its limits filled in.
#pragma once

#include "host/fetch/headers.hpp"
#include "host/fetch/url.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <talome/fetch.h>

namespace talome::fetch {

inline constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::chrono::milliseconds kForever = std::chrono::milliseconds::max();

using Fingerprint = std::array<unsigned char, 32>;

/// What of a request needs to be known to reach the other side and believe it.
struct Trust {
    std::string caFile, certFile, keyFile; ///< empty: none
    std::optional<Fingerprint> pin;        ///< SHA-256 of the one certificate that counts
};

struct Order {
    std::string plugin; ///< that asks
    std::string method = "GET";
    Url url;
    std::string unixSocket; ///< empty: TCP
    Fields headers;
    std::string body;
    std::optional<std::int64_t> pulled; ///< the body is pulled: how much, -1: not known
    std::uint32_t reach = TALOME_FETCH_PUBLIC;
    bool decode = true;
    unsigned redirects = 5;
    std::chrono::milliseconds connect{0}, total{0}, idle{0}; ///< kForever: no limit
    std::uint64_t maxBody = 0;
    Trust trust;
    std::string protocol; ///< to upgrade to
};

/// How the answer is taken, on which the defaults depend.
enum class Manner { whole, stream, upgrade };

/// Throws talome::Invalid that names the field.
Order readOrder(const std::string& plugin, const talome_fetch_request*, Manner);

} // namespace talome::fetch

// The URL of a request, read strictly (RFC 3986): what two readers could understand in two ways is refused, for the
// one who checks it and the one who connects must mean the same host.
#pragma once

#include "host/fetch/address_rules.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace talome::fetch {

struct Url {
    bool secure = false;            ///< https
    std::string host;               ///< in small letters; of an address its usual form, without brackets
    std::optional<Address> address; ///< that `host` is
    std::uint16_t port = 0;
    std::string target; ///< path and query, beginning with '/'

    /// "https://example.com", with the port if it is not the usual one.
    std::string origin() const;
    std::string text() const { return origin() + target; }
};

/// Throws talome::Invalid with words that repeat nothing of the text, which may hold a secret.
Url parseUrl(std::string_view text);

/// What a Location header means. Stray characters in path and query are encoded, as browsers do; those in the
/// authority are refused. Throws talome::Invalid.
Url resolveReference(const Url& base, std::string_view reference);

} // namespace talome::fetch

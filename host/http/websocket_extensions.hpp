// The extensions that a client offers for a WebSocket (RFC 6455, 9.1), and what is agreed about compression
// (RFC 7692, 7.1).
#pragma once

#include "host/http/websocket_frame.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talome::http {

struct ExtensionParameter {
    std::string_view name;
    std::optional<std::string> value; ///< without its quotes
};

struct ExtensionOffer {
    std::string_view name;
    std::vector<ExtensionParameter> parameters;
};

/// The tokens between commas, views into `list`; empty places are passed over (RFC 9110, 5.6.1). Nothing if something
/// else stands there.
std::optional<std::vector<std::string_view>> readTokens(std::string_view list);

/// Views into `list`. Nothing if it does not follow the grammar: then the connection must fail.
std::optional<std::vector<ExtensionOffer>> readExtensions(std::string_view list);

/// Takes the first offer of permessage-deflate that can be met, and writes the answer to it; nothing if there is none.
/// `wish` bounds the windows and may give up context takeover; its bits are 9..15, else std::invalid_argument.
std::optional<DeflateParameters> agreeDeflate(const std::vector<ExtensionOffer>& offers, const DeflateParameters& wish,
                                              std::string& answer);

} // namespace talome::http

// Decides whether a request opens a WebSocket (RFC 6455, 4.2), with which sub-protocol and which compression
// (RFC 7692, 7.1), and writes the answer.
#pragma once

#include "host/http/head_check.hpp"
#include "host/http/response_head.hpp"
#include "host/http/websocket_frame.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace talome::http {

/// What a route takes part in.
struct WebSocketOptions {
    std::vector<std::string> protocols{};       ///< sub-protocols; which is taken is the client's wish
    std::optional<DeflateParameters> deflate{}; ///< nothing: messages are not compressed; else at most this
};

/// A request that may become a WebSocket. Whether its Origin is welcome is not decided here.
struct WebSocketHandshake {
    std::string acceptKey;
    std::string protocol;                     ///< empty: none
    std::optional<DeflateParameters> deflate; ///< what was agreed
    std::string extensions;                   ///< the same in the words of the answer; empty: none

    /// The fields of the 101 answer, Upgrade and Connection among them.
    std::vector<std::pair<std::string, std::string>> fields() const;
    /// The whole head of the 101 answer; `more` are fields besides, cookies say.
    std::string head(std::string_view requestId, const ResponseFields& more = {}) const;
};

/// Throws HttpError: 426 for a request that is no upgrade to WebSocket, or of another version of it; 400 for one that
/// is malformed.
WebSocketHandshake acceptWebSocket(const RequestHead& request, const WebSocketOptions& options);

} // namespace talome::http

// A WebSocket's client, as a plugin speaks to it.
#pragma once

#include "stream.hpp"

#include <compare>

namespace talome {

/// A number behind a few functions: cheap to copy and to keep, also after the client has left. Valid as long as the
/// plugin's object. Any thread.
class WebSocket {
public:
    WebSocket() = default;
    WebSocket(const detail::Areas& areas, std::uint64_t number) : areas_(&areas), number_(number) {}

    /// Never used again by the host, so that it can be a key.
    std::uint64_t number() const { return number_; }

    /// Throws Invalid for text that is not UTF-8.
    Sent sendText(std::string_view text) const { return send(text, false); }
    Sent sendBinary(std::string_view data) const { return send(data, true); }
    Sent send(std::string_view data, bool binary) const {
        const std::int32_t kind = binary ? TALOME_WS_BINARY : TALOME_WS_TEXT;
        return detail::sentOf(*areas_, table().ws_send(areas_->self(), number_, kind, bytes(data)));
    }
    /// What waits is still sent. Codes: RFC 6455, 7.4; a plugin's own are 4000 to 4999. The closed handler follows.
    void close(int code = 1000, std::string_view reason = {}) const {
        table().ws_close(areas_->self(), number_, code, str(reason));
    }
    /// Nothing is read from the client until resume(): for a plugin that cannot keep up with it.
    void pause() const { table().ws_pause(areas_->self(), number_, 1); }
    void resume() const { table().ws_pause(areas_->self(), number_, 0); }
    /// Bytes that wait for the client; nothing if it has left.
    std::optional<std::uint64_t> queued() const { return detail::queuedOf(*areas_, number_); }

    friend bool operator==(const WebSocket& a, const WebSocket& b) { return a.number_ == b.number_; }
    friend auto operator<=>(const WebSocket& a, const WebSocket& b) { return a.number_ <=> b.number_; }

private:
    const talome_http& table() const { return *areas_->get<talome_http>(); }

    const detail::Areas* areas_ = nullptr;
    std::uint64_t number_ = 0;
};

} // namespace talome

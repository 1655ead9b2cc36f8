// Formats the frames that the server sends on a WebSocket (RFC 6455), compressed where that was agreed (RFC 7692).
#pragma once

#include "host/http/websocket_frame.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace talome::http {

class MessageDeflater;

/// One thread at a time; the static functions from any. 16 bytes, and a MessageDeflater (38 KiB for 12 window bits)
/// from the first compressed message until releaseMemory(), if messages may refer to earlier ones; if each stands
/// alone, the thread's compressor is used and nothing is kept.
class WebSocketWriter {
public:
    explicit WebSocketWriter(std::optional<DeflateParameters> deflate = {});
    ~WebSocketWriter();
    WebSocketWriter(const WebSocketWriter&) = delete;
    WebSocketWriter& operator=(const WebSocketWriter&) = delete;

    /// One frame. A message is compressed where that was agreed and makes it smaller, so frames must be sent in the
    /// order in which they were made, and every one of them. The payload of a text must be UTF-8: it is not looked at.
    /// std::invalid_argument for `continuation`, and for a control frame of more than 125 bytes.
    std::string frame(Opcode opcode, std::string_view payload);
    /// The same, at the end of `out`.
    void append(std::string& out, Opcode opcode, std::string_view payload);
    /// Frees the compressor, for a connection that is idle: the next messages compress less well, nothing else changes.
    void releaseMemory();

    /// Never compressed: for what is compressed already, and for secrets beside which a stranger's text may stand.
    static std::string plainFrame(Opcode opcode, std::string_view payload);
    /// Never compressed, so it fits each connection, between frames of its writer too: made once for many clients.
    static std::shared_ptr<const std::string> sharedFrame(Opcode opcode, std::string_view payload);
    /// Empty for kCloseNoCode, else std::invalid_argument if the code may not be sent. A reason beyond 123 bytes is cut
    /// between two characters; one that is not UTF-8 is left out.
    static std::string closeFrame(std::uint16_t code, std::string_view reason = {});
    static std::string pingFrame(std::string_view payload = {}) { return plainFrame(Opcode::ping, payload); }
    static std::string pongFrame(std::string_view payload) { return plainFrame(Opcode::pong, payload); }

private:
    bool appendCompressed(std::string& out, Opcode opcode, std::string_view payload);

    std::unique_ptr<MessageDeflater> deflater_;
    std::optional<DeflateParameters> deflate_;
};

} // namespace talome::http

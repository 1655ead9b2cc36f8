// What both directions of a WebSocket (RFC 6455) share: opcodes, close codes, and what was agreed about compression.
#pragma once

#include <cstddef>
#include <cstdint>

namespace talome::http {

/// RFC 6455, 5.2.
enum class Opcode : std::uint8_t { continuation = 0x0, text = 0x1, binary = 0x2, close = 0x8, ping = 0x9, pong = 0xa };

constexpr bool isControl(Opcode opcode) { return (static_cast<unsigned>(opcode) & 8) != 0; }

inline constexpr std::size_t kMaxControlPayload = 125;

// RFC 6455, 7.4.1, and the registry that it began.
inline constexpr std::uint16_t kCloseNormal = 1000;
inline constexpr std::uint16_t kCloseGoingAway = 1001; ///< the server stops
inline constexpr std::uint16_t kCloseProtocol = 1002;
inline constexpr std::uint16_t kCloseNoCode = 1005; ///< never sent: stands for a close frame without a code
inline constexpr std::uint16_t kCloseBadData = 1007;
inline constexpr std::uint16_t kClosePolicy = 1008;
inline constexpr std::uint16_t kCloseTooLarge = 1009;
inline constexpr std::uint16_t kCloseInternal = 1011;
inline constexpr std::uint16_t kCloseTryLater = 1013;

/// May stand in a close frame: registered, or free for applications (RFC 6455, 7.4.2).
constexpr bool isCloseCode(unsigned code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/// How messages are compressed (RFC 7692, 7.1): in a route's options what it would like, else what was agreed.
/// A window of 2^bits bytes is what a compressor can refer back to, and what the other side must keep of it.
struct DeflateParameters {
    std::uint8_t serverWindowBits = 12;   ///< of the server's compressor; 9..15
    std::uint8_t clientWindowBits = 12;   ///< of the client's compressor; liked 9..15, agreed 8..15
    bool serverNoContextTakeover = false; ///< each message of the server stands alone
    bool clientNoContextTakeover = false; ///< each message of the client stands alone
};

} // namespace talome::http

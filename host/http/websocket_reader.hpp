// Reads the frames of one WebSocket client (RFC 6455, RFC 7692) from bytes that come in any pieces, strictly and in
// flat memory: what is kept grows with what has come, not with what is declared.
#pragma once

#include "host/http/utf8_checker.hpp"
#include "host/http/websocket_frame.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace talome::http {

class MessageInflater;

/// Why the connection ends: the close code and the words for the client. `words` is static.
struct WebSocketRefusal {
    std::uint16_t code = 0;
    std::string_view words;
    explicit operator bool() const { return code != 0; }
};

struct WebSocketLimits {
    std::uint64_t message = 65536;           ///< bytes of a message, put together and expanded
    std::uint64_t frame = UINT64_C(1) << 62; ///< bytes of one data frame, as sent; `message` holds besides
};

/// One thread at a time. Some 150 bytes while nothing is under way, up to 1 KiB more after a message of that size, and
/// a MessageInflater where the client's messages refer to earlier ones; a message that comes in takes up to twice its
/// size.
class WebSocketReader {
public:
    /// What has come; called within feed(). Must not call the reader, nor destroy it. If it throws, nothing more is
    /// read.
    class Events {
    public:
        virtual ~Events() = default;
        /// A whole message: text (UTF-8) or binary. The payload may be moved away, or left.
        virtual void onMessage(Opcode kind, std::string&& payload) = 0;
        /// To be answered with a pong of the same payload.
        virtual void onPing(std::string_view payload) = 0;
        virtual void onPong(std::string_view payload) = 0;
        /// The last event; kCloseNoCode if the client gave no code.
        virtual void onClose(std::uint16_t code, std::string_view reason) = 0;
    };

    explicit WebSocketReader(WebSocketLimits limits, std::optional<DeflateParameters> deflate = {});
    ~WebSocketReader();
    WebSocketReader(const WebSocketReader&) = delete;
    WebSocketReader& operator=(const WebSocketReader&) = delete;

    /// Reads the next bytes. A refusal is final: nothing more is read, and each further call gives it again.
    /// What follows a close frame is ignored.
    WebSocketRefusal feed(std::string_view bytes, Events& events);

    /// The client's close frame has come.
    bool closed() const { return state_ == State::closed; }
    bool refused() const { return state_ == State::refused; }

private:
    enum class State : std::uint8_t { head, payload, closed, refused };

    void takeHead(std::string_view& bytes);
    void readLength();
    void takePayload(std::string_view& bytes, Events& events);
    void inflate(std::string_view masked);
    void endFrame(Events& events);
    void endMessage(Events& events);
    void readClose(Events& events);
    void checkText(std::size_t from);
    void unmask(char* bytes, std::size_t n);
    void refuse(const WebSocketRefusal& refusal);

    Opcode opcode() const { return Opcode(head_[0] & 0x0f); }
    bool inMessage() const { return kind_ != Opcode::continuation; }

    WebSocketLimits limits_;
    std::uint64_t left_ = 0; ///< of the payload of the frame
    std::uint64_t sent_ = 0; ///< bytes of the message so far, as sent
    std::string message_;    ///< so far
    std::string control_;    ///< payload of a control frame so far
    std::unique_ptr<MessageInflater> inflater_;
    const WebSocketRefusal* refusal_ = nullptr;
    std::array<std::uint8_t, 14> head_{}; ///< of the frame, as far as it has come
    std::uint8_t headSize_ = 0;
    std::uint8_t maskAt_ = 0; ///< the next byte of the mask
    State state_ = State::head;
    Opcode kind_ = Opcode::continuation; ///< of the message under way; continuation: none is
    bool compressed_ = false;            ///< the message under way
    Utf8Checker utf8_;
    std::optional<DeflateParameters> deflate_;
};

} // namespace talome::http

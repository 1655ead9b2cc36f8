#include "host/http/websocket.hpp"

namespace talome::http {

namespace {
Piece share(std::string text) { return std::make_shared<const std::string>(std::move(text)); }
constexpr std::size_t kFrameHead = 10; // bytes at most, of a server's frame
} // namespace

WebSocket::WebSocket(std::uint64_t maxMessage, std::size_t maxQueued, std::optional<DeflateParameters> deflate)
    : feed_(maxQueued), reader_({.message = maxMessage}, deflate), writer_(deflate) {}

StreamHandle::Sent WebSocket::send(Opcode kind, std::string_view payload) {
    const std::lock_guard lock(mutex_);
    if (code_ || feed_.over()) return StreamHandle::Sent::gone;
    // A frame that is made must be sent, for the next one may refer to it: so there must be room before it is made.
    if (!feed_.hasRoom(payload.size() + kFrameHead)) return StreamHandle::Sent::full;
    feed_.sendAnyway(share(writer_.frame(kind, payload)));
    return StreamHandle::Sent::queued;
}

/// Notes that it is being closed, and makes the last frame; null if it was closed before.
Piece WebSocket::closing(std::uint16_t code, std::string_view reason, bool byClient) {
    auto frame = WebSocketWriter::closeFrame(code, byClient ? std::string_view() : reason);
    const std::lock_guard lock(mutex_);
    if (code_) return nullptr;
    code_ = code;
    reason_ = reason;
    byClient_ = byClient;
    return share(std::move(frame));
}

void WebSocket::close(std::uint16_t code, std::string_view reason) {
    if (auto last = closing(code, reason, false)) feed_.close(std::move(last));
}

void WebSocket::onOpen(const std::shared_ptr<StreamHandle>& handle) { feed_.open(handle); }

// In slices: a few bytes may stand for a large message, and whoever pauses after one must not be given more of them.
std::size_t WebSocket::onBytes(std::string_view bytes) {
    constexpr std::size_t kSlice = 2048;
    std::size_t taken = 0;
    while (taken < bytes.size() && !feed_.paused()) {
        const auto slice = bytes.substr(taken, kSlice);
        taken += slice.size();
        const auto refusal = reader_.feed(slice, *this);
        if (!refusal) continue;
        close(refusal.code, refusal.words);
        return bytes.size();
    }
    return taken;
}

Piece WebSocket::ping() {
    const std::lock_guard lock(mutex_);
    writer_.releaseMemory();
    return code_ ? nullptr : share(WebSocketWriter::pingFrame());
}

Piece WebSocket::farewell(std::string_view reason) { return closing(kCloseGoingAway, reason, false); }

void WebSocket::onRoom() {
    if (callbacks_.room) callbacks_.room();
}

void WebSocket::onEnd(End how) noexcept {
    feed_.end();
    std::uint16_t code;
    std::string reason;
    {
        const std::lock_guard lock(mutex_);
        code = code_ ? code_ : kCloseLost;
        if (byClient_ && how == End::closed) how = End::left;
        reason.swap(reason_);
    }
    const auto callbacks = std::move(callbacks_); // they may hold this object, which goes with them
    if (callbacks.ended) callbacks.ended(how, code, reason);
}

void WebSocket::onMessage(Opcode kind, std::string&& payload) {
    if (callbacks_.message) callbacks_.message(kind, std::move(payload));
}

void WebSocket::onPing(std::string_view payload) {
    // One who asks faster than he takes the answers need not have them all (RFC 6455, 5.5.3).
    const std::lock_guard lock(mutex_);
    if (!code_) feed_.send(share(WebSocketWriter::pongFrame(payload)));
}

void WebSocket::onClose(std::uint16_t code, std::string_view reason) {
    if (auto last = closing(code, reason, true)) feed_.close(std::move(last));
}

} // namespace talome::http

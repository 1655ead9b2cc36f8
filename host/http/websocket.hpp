// One open WebSocket: frames on the wire, messages for whoever it belongs to.
#pragma once

#include "host/http/feed.hpp"
#include "host/http/websocket_reader.hpp"
#include "host/http/websocket_writer.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace talome::http {

/// Given to Exchange::handOver() after the handshake. The callbacks are called by the reactor's thread, one after the
/// other, and must not block; send(), close(), pause() and queued() by any thread, from before it is open until after
/// it is over.
class WebSocket : public Stream, private WebSocketReader::Events {
public:
    struct Callbacks {
        std::function<void(Opcode kind, std::string&& payload)> message;
        std::function<void()> room; ///< after a send() was refused as full
        /// Once, and last. `code` is the client's, kCloseNoCode if it gave none, or the one sent to it; kCloseLost if
        /// the connection broke.
        std::function<void(End, std::uint16_t code, const std::string& reason)> ended;
    };
    static constexpr std::uint16_t kCloseLost = 1006;

    WebSocket(std::uint64_t maxMessage, std::size_t maxQueued, std::optional<DeflateParameters> deflate);

    void setCallbacks(Callbacks callbacks) { callbacks_ = std::move(callbacks); } ///< before handOver()

    /// text (UTF-8) or binary.
    StreamHandle::Sent send(Opcode kind, std::string_view payload);
    /// std::invalid_argument for a code that may not be sent. The first one counts.
    void close(std::uint16_t code, std::string_view reason);
    void pause(bool paused) { feed_.pause(paused); }
    std::size_t queued() const { return feed_.queued(); }
    bool over() const { return feed_.over(); }

    Kind kind() const override { return Kind::websocket; }
    void onOpen(const std::shared_ptr<StreamHandle>& handle) override;
    std::size_t onBytes(std::string_view bytes) override;
    Piece ping() override;
    std::chrono::milliseconds pingAfter() const override { return std::chrono::seconds(20); }
    std::chrono::milliseconds silentFor() const override { return std::chrono::seconds(60); }
    std::size_t most() const override { return feed_.most(); }
    Piece farewell(std::string_view reason) override;
    void onRoom() override;
    void onEnd(End how) noexcept override;

private:
    void onMessage(Opcode kind, std::string&& payload) override;
    void onPing(std::string_view payload) override;
    void onPong(std::string_view) override {}
    void onClose(std::uint16_t code, std::string_view reason) override;
    Piece closing(std::uint16_t code, std::string_view reason, bool byClient);

    Feed feed_;
    Callbacks callbacks_;
    WebSocketReader reader_; ///< the reactor's thread

    std::mutex mutex_; ///< of what follows: frames must be queued in the order in which they are made
    WebSocketWriter writer_;
    std::uint16_t code_ = 0; ///< 0: nobody has closed it
    std::string reason_;
    bool byClient_ = false; ///< it has closed it
};

} // namespace talome::http

// What a connection becomes when request and answer are over and it stays open: an event stream, a WebSocket, any
// answer that goes on for as long as there is something to say.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace talome::http {

class Streams;

/// A piece of what is sent, shared by all the clients that it goes to.
using Piece = std::shared_ptr<const std::string>;

/// One open stream, for whoever feeds it. Any thread, also after its end.
class StreamHandle {
public:
    enum class Sent { queued, full, gone };

    StreamHandle(Streams& streams, std::uint64_t number, std::size_t most)
        : streams_(streams), number_(number), most_(most) {}

    /// In order for each sender. `full`: the client does not keep up, and this piece is not sent.
    Sent send(Piece piece);
    /// Whether so many bytes more may wait: one piece always may, however large. If not, Stream::onRoom() tells when
    /// there is room again.
    bool hasRoom(std::size_t bytes);
    /// For somebody who was refused before the stream was open: Stream::onRoom() tells him, too.
    void tellRoom();
    /// Without asking for room: for what must not be left out any more.
    void sendAnyway(Piece piece);
    /// Sends last words, waits for as long as the client goes on taking what is queued, and closes.
    void close(Piece last = nullptr);
    /// The same with the stream's own farewell(), and two seconds at most.
    void dismiss(std::string reason);
    /// Closes at once a client that does not keep up.
    void drop();
    /// Reads no more from the client until resume(): its bytes wait in its own socket.
    void pause();
    void resume();
    bool gone() const { return gone_; }
    std::size_t queued() const { return queued_; } ///< bytes that the client has not taken yet
    std::uint64_t number() const { return number_; }

private:
    friend class Streams;
    Streams& streams_; ///< outlives every handle that is used: the server is stopped after the plugins
    const std::uint64_t number_;
    const std::size_t most_;
    std::atomic<std::size_t> queued_{0};
    std::atomic<bool> gone_{false}, wasFull_{false}, paused_{false};
};

/// What the reactor calls, on its one thread: nothing here may block. Given to Exchange::handOver().
class Stream {
public:
    enum class Kind { events, websocket, body };
    /// How it ended.
    enum class End { closed, left, slow, silent };

    virtual ~Stream() = default;

    virtual Kind kind() const = 0;
    /// The connection is the stream's from now on; before anything else.
    virtual void onOpen(const std::shared_ptr<StreamHandle>&) = 0;
    /// From the client: how many of them it took. Fewer than all: it has called pause(), and is given the rest later.
    virtual std::size_t onBytes(std::string_view bytes) { return bytes.size(); }
    /// Nothing was sent for pingAfter(), or nothing heard if it may not be silent: what to send then, or null.
    virtual Piece ping() { return nullptr; }
    virtual std::chrono::milliseconds pingAfter() const { return std::chrono::seconds(15); }
    /// A client that says nothing for so long is gone. Zero: it need not say anything.
    virtual std::chrono::milliseconds silentFor() const { return {}; }
    /// Bytes that wait for the client at most.
    virtual std::size_t most() const { return 256 * 1024; }
    /// Last words for a client that must go: the server stops, or it may not be here any longer.
    virtual Piece farewell(std::string_view /*reason*/) { return nullptr; }
    /// There is room again after a send() was refused as full.
    virtual void onRoom() {}
    /// Once, when the connection is over.
    virtual void onEnd(End) noexcept {}
};

} // namespace talome::http

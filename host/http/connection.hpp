// One client's connection: its socket, and where it stands in the engine's life cycle.
#pragma once

#include "host/http/body_reader.hpp"
#include "host/http/tls.hpp"

#include <Poco/Net/StreamSocket.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace talome::http {

class Exchange;

/// What an event of the engine's epoll set belongs to.
struct Watched {
    enum class Kind { listener, connection, stop };
    explicit Watched(Kind kind) : kind(kind) {}
    const Kind kind;
};

/// Between "parked" and "busy" there is one owner: whoever changes `state` from parked holds the connection. A worker
/// parks it again, gives it to the stream reactor, or drops it. Whoever sweeps only marks it expired and wakes a
/// worker, which drops it.
class Connection : public Watched, public ByteSource {
public:
    using Clock = std::chrono::steady_clock;
    enum class State { busy, parked, expired };

    /// Takes over a connected, non-blocking socket. `peerUid`: of a unix socket.
    Connection(int descriptor, std::string peer, std::shared_ptr<const std::string> listener,
               std::optional<uid_t> peerUid = std::nullopt);
    ~Connection() override;

    int descriptor() const { return descriptor_; }
    const std::string& peer() const { return peer_; }
    /// The name of the listener that accepted it; empty: the main one.
    const std::string& listener() const { return *listener_; }
    bool secure() const { return tls_ != nullptr; }
    /// Whose process has connected, by the kernel's word; nothing but for a unix socket.
    std::optional<uid_t> peerUid() const { return peerUid_; }

    /// From now on everything is sent and received through TLS; handshake() comes first.
    void startTls(const TlsContext& context);
    bool handshaking = false; ///< the owner's: it has begun, and is not done
    TlsSession::Outcome handshake() { return tls_->handshake(); }
    /// After a failed handshake: a client that speaks plain HTTP is answered so.
    bool fallBackToPlain();

    /// Looks at what has come, without waiting and without taking it. 0: nothing yet; negative: the end, or broken.
    std::ptrdiff_t peek(char* to, std::size_t n);
    /// Takes n bytes that peek() showed, and writes the same bytes to `scratch`.
    void consume(char* scratch, std::size_t n);
    /// Are there bytes that would not wake the epoll set?
    bool holdsBytes() const { return !pending_.empty() || (tls_ && tls_->pending()); }
    /// Has something come since it was parked? Any thread.
    bool waiting() const;
    /// Bytes that have come and were not taken.
    std::size_t unread() const;
    /// An event comes only when more than n bytes wait. 0: any byte.
    void wakeAbove(std::size_t n);

    std::optional<std::size_t> receive(void* to, std::size_t n, Wait) override;
    void giveBack(std::string_view bytes) override { pending_.insert(0, bytes); }
    /// Until when receive() waits.
    void setReceiveBy(Clock::time_point until) { receiveBy_ = until; }

    /// Sends all of both, or throws ClientGone. A client that takes no byte for `limit`, or fewer than 4 KiB a second
    /// in the long run, counts as gone.
    void send(std::string_view head, std::string_view body, std::chrono::milliseconds limit);
    /// Sends what fits without waiting: how much of both together that was. Throws ClientGone.
    std::size_t sendSome(std::string_view head, std::string_view body = {});
    /// The same with the content of a file; moves `offset`. Throws ClientGone, and std::system_error if the file cannot
    /// be read or has become shorter.
    std::size_t sendSome(int file, std::uint64_t& offset, std::size_t n);
    /// For last words to a client that is refused: what does not fit is lost.
    void sendNow(std::string_view bytes);

    bool connected() const;
    void shutdownSend();
    /// Ends what can be received, which wakes a worker even if the client never speaks again. Any thread.
    void shutdownReceive();
    /// Ends both directions: whoever sends or receives on it fails at once. Any thread.
    void shutdown();
    /// Closing will reset the connection, so that a cut answer does not look whole.
    void resetOnClose();

    std::atomic<State> state{State::busy};
    std::atomic<Clock::rep> deadline{0};    ///< when parked: Clock ticks after which it is swept
    std::atomic<bool> idle{true};           ///< when parked: nothing of a request has come
    std::atomic<bool> toSend{false};        ///< when parked: waits for the client to take something
    std::atomic<bool> beforeRequest{false}; ///< when parked: a head or a handshake has begun and is not whole
    std::size_t slot = 0;                   ///< in the engine's list; under its lock

    // The owner's.
    Clock::time_point headSince{};      ///< when an unfinished head began; zero without one
    unsigned headPieces = 0;            ///< how often it was looked at
    bool lingering = false;             ///< answered for the last time; what comes is thrown away
    std::size_t lingerBytes = 0;        ///< thrown away so far
    std::unique_ptr<Exchange> exchange; ///< a request that waits for its body, or an answer that waits for its client

private:
    /// Whether what is looked at is taken out: TLS must, and a unix socket wakes for what was seen before.
    bool takesToPeek() const { return tls_ || peerUid_; }
    std::ptrdiff_t takeAndPeek(char* to, std::size_t n);
    std::optional<std::size_t> receiveNow(void* to, std::size_t n);
    std::optional<std::size_t> receiveTls(void* to, std::size_t n);
    std::size_t sendTls(std::string_view head, std::string_view body);

    const int descriptor_;
    const Poco::Net::StreamSocket socket_; ///< owns the descriptor
    const std::string peer_;
    const std::shared_ptr<const std::string> listener_;
    const std::optional<uid_t> peerUid_;
    std::unique_ptr<TlsSession> tls_;
    std::string pending_; ///< received already, and not yet read
    std::size_t wakeAbove_ = 0;
    Clock::time_point receiveBy_{};
};

} // namespace talome::http

// One request and its answer: from its head to the last byte of the answer, on whichever worker serves it just then.
#pragma once

#include "host/http/body_reader.hpp"
#include "host/http/descriptor.hpp"
#include "host/http/error.hpp"
#include "host/http/file_answer.hpp"
#include "host/http/head_check.hpp"
#include "host/http/response_head.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace talome::http {

class Connection;
class Stream;
struct Options;

/// What all exchanges of a server share.
struct Shared {
    std::atomic<bool> draining{false};       ///< answers say Connection: close
    std::atomic<std::uint64_t> collected{0}; ///< bytes of bodies that are held in memory
    std::atomic<std::uint64_t> kept{0};      ///< bytes of answers that wait for their clients
    std::mutex mutex;
    std::unordered_map<std::string, std::uint64_t> ofPeer; ///< of the larger bodies collected

    bool add(const std::string& peer, std::uint64_t bytes, std::uint64_t most);
    void remove(const std::string& peer, std::uint64_t bytes);
};

/// Takes a body as it comes. Called by one worker at a time. What it throws becomes the answer.
class BodySink {
public:
    virtual ~BodySink() = default;
    virtual void take(std::string_view piece) = 0;
    virtual void finish() = 0; ///< the body is whole
};

/// Used by one thread at a time. Views that it returns are valid while the handler runs.
///
/// A handler answers once: send(), sendFile(), upgrade(), or begin(), write() …, end(). What it throws before that
/// becomes the answer (HttpError: its status; anything else: 500); thrown after it, the connection is closed, so that
/// the client sees the answer is cut. A handler that returns without an answer is answered 500 too, unless it waits for
/// the body: collect() and receive() say so.
///
/// No worker waits for the client but in read() and write(): the rest of an answer, a file, and a body that is
/// collected or received go on when the client is ready.
class Exchange {
public:
    Exchange(Connection& connection, const RequestHead& head, const Options& options, Shared& shared);
    ~Exchange();
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    // The request.
    const RequestHead& head() const { return *head_; }
    std::string_view method() const { return head_->method; }
    std::string_view rawPath() const { return head_->rawPath; }   ///< not decoded, without the query; begins with '/'
    std::string_view rawQuery() const { return head_->rawQuery; } ///< without the '?'
    std::string_view version() const { return head_->minor == 1 ? "HTTP/1.1" : "HTTP/1.0"; }
    /// The first field of that name, whatever its case.
    std::optional<std::string_view> header(std::string_view name) const;
    std::vector<std::string_view> headers(std::string_view name) const;
    const std::vector<HeaderField>& allHeaders() const { return head_->fields; }
    const std::string& peer() const;      ///< the client's address as text, without its port
    const std::string& listener() const;  ///< the name of the listener it came through; empty: the main one
    bool secure() const;                  ///< over TLS
    std::optional<uid_t> peerUid() const; ///< over the unix socket: whose process it is, by the kernel's word
    const std::string& requestId() const { return requestId_; }
    std::chrono::steady_clock::time_point startTime() const { return start_; }

    // Its body.
    bool hasBody() const { return body_.framing() != Framing::none; }
    std::optional<std::uint64_t> contentLength() const { return head_->contentLength; }
    /// At most so many bytes. HttpError 413 at once if more are declared, and while reading if more come.
    void limitBody(std::uint64_t bytes);
    /// True: the whole body is here, body() has it. False: the handler must return without an answer, and is called
    /// again, from its beginning, when the body has come; if it does not, the engine answers 400, 408 or 413 itself.
    bool collect();
    /// The same for a body of any size: each piece is given to the sink as it comes. sink() is the first call's.
    bool receive(std::shared_ptr<BodySink> sink);
    const std::shared_ptr<BodySink>& sink() const { return sink_; }
    /// What collect() has collected.
    std::string& body() { return collected_; }
    /// The next bytes, 0 at the end, waiting for them. HttpError 413, 408 (too slow), 400 (bad chunk); ClientGone.
    std::size_t read(void* to, std::size_t n);

    // The answer. A name or value that would break the head throws std::invalid_argument, and so do the fields that
    // belong to the engine: Connection, Content-Length, Content-Type, Date, Transfer-Encoding, X-Request-Id.
    void setHeader(std::string_view name, std::string_view value);
    void addHeader(std::string_view name, std::string_view value);
    void send(int status, std::string_view contentType, std::string body);
    /// A regular file, or the part of it that is asked for; preconditions are heeded. It must not become shorter while
    /// it is sent: the answer is then cut. HttpError 400 for anything but a regular file.
    void sendFile(Descriptor file, const FileOffer& offer);
    /// {"error": text}; from 500 on also errorId and timestamp.
    void sendError(int status, std::string_view text);
    /// The head. Without a length the body is sent in chunks, to an HTTP/1.0 client until the connection closes.
    void begin(int status, std::string_view contentType, std::optional<std::uint64_t> length = std::nullopt);
    void write(std::string_view bytes);
    void end();
    /// The head of an answer that goes on when the handler has returned. Then handOver(). Without chunks the end of the
    /// connection is the end of the answer.
    void beginStream(std::string_view contentType, bool chunks);
    /// 101: what follows on the connection is another protocol. Then handOver().
    void upgrade();
    /// After beginStream() or upgrade(): the connection is the stream's when the handler has returned.
    void handOver(std::shared_ptr<Stream> stream);
    /// Whether pieces of the answer are to be sent as chunks: not to an HTTP/1.0 client. After beginStream().
    bool chunked() const { return phase_ == Phase::chunked; }
    /// The connection closes after this answer. Before send() or begin().
    void closeAfter() { mayKeepAlive_ = false; }

    bool begun() const { return phase_ != Phase::waiting; }
    /// Takes back an answer of which nothing is out yet, and the stream with it. True if another can be given.
    bool withdraw();
    /// Is the client still there? One cheap system call.
    bool connected() const;

    // For the log and the metrics.
    void setRoute(std::string_view pattern) { route_ = pattern; }
    void setUser(std::string_view user) { user_ = user; }
    void setPlugin(std::string_view id) { plugin_ = id; }
    const std::string& route() const { return route_; }
    const std::string& user() const { return user_; }
    const std::string& plugin() const { return plugin_; }
    int status() const { return status_; } ///< 0 before the answer
    std::uint64_t bytesIn() const { return body_.received(); }
    std::uint64_t bytesOut() const { return bytesOut_; }

    // For the engine.
    /// The handler waits for the body, which is not whole.
    bool receiving() const { return receiving_; }
    /// Takes what has come of the body; true when it is whole, and the handler is to be called again. Throws HttpError,
    /// ClientGone, and what the sink throws.
    bool pump();
    /// Ends the answer; gives one if the handler did not.
    void complete();
    /// Sends what the client takes now; true when nothing is left. Throws ClientGone.
    bool flush();
    /// After the answer: what is to become of the connection. `wait`: the rest of the body must come first.
    enum class Leftover { none, wait, close };
    Leftover drain();
    /// The answer to something thrown; if the head is out already, the answer is cut.
    void fail(const HttpError& error);
    void cut() { cut_ = true; }
    bool wasCut() const { return cut_; }
    /// More of the body may come.
    bool bodyOpen() const { return !body_.atEnd(); }
    /// Until when the client may take to send, or to take, its next byte.
    std::chrono::steady_clock::time_point deadline() const;
    /// More may be there than pump() took: others have their turn.
    bool turnOver() const { return turnOver_; }
    /// The handler is done with the body.
    void releaseBody();
    /// Copies the head, before the bytes that it was read from are used for another.
    void keepHead();
    /// With the head of the answer, which it sends first.
    std::pair<std::shared_ptr<Stream>, std::string> takeStream() { return {std::move(stream_), std::move(held_)}; }
    bool hasStream() const { return stream_ && phase_ != Phase::bodiless; }
    /// What a handler failed with: for the log.
    std::string failure;
    bool recorded = false; ///< in the log
    /// For the handler, which may be called several times: it was let through at an earlier call, with this approval.
    std::optional<std::string> passed;
    std::shared_ptr<void> visit; ///< the handler's own, from one of its calls to the next

private:
    static constexpr std::uint64_t kDrainBytes = 1 << 20; ///< of a body that nobody wanted, else the connection closes
    static constexpr std::uint64_t kTurn = 4 << 20;       ///< bytes before other connections have their turn
    enum class Phase { waiting, sized, chunked, untilClose, bodiless, upgraded, done };
    /// What the client has not taken yet: bytes, then a part of a file.
    struct Outgoing {
        std::string bytes;
        std::size_t at = 0;
        Descriptor file;
        std::uint64_t offset = 0, left = 0;
    };

    std::string startHead(int status, std::string_view contentType, std::optional<std::uint64_t> length);
    void transmit(std::string_view head, std::string_view body);
    void transmitOrKeep(std::string head, std::string body);
    bool sendPending();
    void sendContinue();
    bool waitForBody();
    void keep(std::string_view piece);

    struct Kept {
        std::string bytes;
        RequestHead head;
    };

    Connection& connection_;
    const RequestHead* head_;
    std::unique_ptr<Kept> kept_;
    const Options& options_;
    BodyReader body_;
    Shared& shared_;
    const std::string requestId_;
    std::string route_, user_, plugin_;
    const std::chrono::steady_clock::time_point start_;
    std::chrono::steady_clock::time_point moved_; ///< when the client last sent or took something
    std::chrono::steady_clock::time_point sendFrom_;
    std::uint64_t taken_ = 0; ///< bytes of the answer that the client took after sendFrom_
    ResponseFields fields_;
    Phase phase_ = Phase::waiting;
    std::string held_; ///< a head that waits for the first bytes of its body, or for its stream
    Outgoing out_;
    std::uint64_t remaining_ = 0; ///< of a sized answer
    std::uint64_t bytesOut_ = 0;
    std::uint64_t drainFrom_ = 0; ///< bytes of the body that had come when the answer was out
    std::string collected_;
    std::uint64_t counted_ = 0;   ///< of it, in Shared::collected
    std::uint64_t ofPeer_ = 0;    ///< of it, in Shared::ofPeer
    std::uint64_t keptBytes_ = 0; ///< of the answer, in Shared::kept
    bool turnOver_ = false;
    std::shared_ptr<BodySink> sink_;
    std::shared_ptr<Stream> stream_;
    int status_ = 0;
    bool receiving_ = false, received_ = false;
    bool mayKeepAlive_;
    bool continueSent_ = false;
    bool cut_ = false;
    bool limited_ = false;
    bool draining_ = false;
    bool untilClose_ = false; ///< no chunks, whatever the client reads
};

} // namespace talome::http

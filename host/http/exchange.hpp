// One request and its answer, on the worker that serves it.
#pragma once

#include "host/http/body_reader.hpp"
#include "host/http/error.hpp"
#include "host/http/head_check.hpp"
#include "host/http/response_head.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talome::http {

class Connection;
struct Options;

/// Lives on one worker and is used by that thread only. Views that it returns are valid while the handler runs.
///
/// A handler answers once: send(), or begin(), write() …, end(). What it throws before that becomes the answer
/// (HttpError: its status; anything else: 500); thrown after it, the connection is closed, so that the client sees
/// the answer is cut. A handler that returns without an answer is answered 500 too.
class Exchange {
public:
    Exchange(Connection& connection, const RequestHead& head, const Options& options,
             const std::atomic<bool>& serverCloses);
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    // The request.
    std::string_view method() const { return head_.method; }
    std::string_view rawPath() const { return head_.rawPath; }   ///< not decoded, without the query; begins with '/'
    std::string_view rawQuery() const { return head_.rawQuery; } ///< without the '?'
    std::string_view version() const { return head_.minor == 1 ? "HTTP/1.1" : "HTTP/1.0"; }
    /// The first field of that name, whatever its case.
    std::optional<std::string_view> header(std::string_view name) const;
    std::vector<std::string_view> headers(std::string_view name) const;
    const std::vector<HeaderField>& allHeaders() const { return head_.fields; }
    const std::string& peer() const; ///< the client's address as text, without its port
    bool secure() const;             ///< over TLS
    const std::string& requestId() const { return requestId_; }
    std::chrono::steady_clock::time_point startTime() const { return start_; }

    // Its body.
    bool hasBody() const { return body_.framing() != Framing::none; }
    std::optional<std::uint64_t> contentLength() const { return head_.contentLength; }
    /// At most so many bytes. HttpError 413 at once if more are declared, and while reading if more come.
    void limitBody(std::uint64_t bytes);
    /// The next bytes, 0 at the end. HttpError 413, 408 (too slow), 400 (bad chunk); ClientGone.
    std::size_t read(void* to, std::size_t n);
    /// All that is left of it.
    std::string body();

    // The answer. A name or value that would break the head throws std::invalid_argument, and so do the fields that
    // belong to the engine: Connection, Content-Length, Content-Type, Date, Transfer-Encoding, X-Request-Id.
    void setHeader(std::string_view name, std::string_view value);
    void addHeader(std::string_view name, std::string_view value);
    void send(int status, std::string_view contentType, std::string_view body);
    /// {"error": text}; from 500 on also errorId and timestamp.
    void sendError(int status, std::string_view text);
    /// The head. Without a length the body is sent in chunks, to an HTTP/1.0 client until the connection closes.
    void begin(int status, std::string_view contentType, std::optional<std::uint64_t> length = std::nullopt);
    void write(std::string_view bytes);
    void end();
    /// The connection closes after this answer. Before send() or begin().
    void closeAfter() { mayKeepAlive_ = false; }

    bool begun() const { return phase_ != Phase::waiting; }
    /// Is the client still there? One cheap system call.
    bool connected() const;

    // For the log and the metrics.
    void setRoute(std::string_view pattern) { route_ = pattern; }
    void setUser(std::string_view user) { user_ = user; }
    const std::string& route() const { return route_; }
    const std::string& user() const { return user_; }
    int status() const { return status_; } ///< 0 before the answer
    std::uint64_t bytesIn() const { return body_.received(); }
    std::uint64_t bytesOut() const { return bytesOut_; }

    // For the engine.
    /// After the handler: ends the answer, takes what is left of the body. True if the connection can serve on.
    bool finish();
    /// The answer to something thrown; if the head is out already, the answer is cut.
    void fail(const HttpError& error);
    void cut() { cut_ = true; }
    bool wasCut() const { return cut_; }
    /// More of the body may come.
    bool bodyOpen() const { return !body_.atEnd(); }

private:
    enum class Phase { waiting, sized, chunked, untilClose, bodiless, done };

    std::string startHead(int status, std::string_view contentType, std::optional<std::uint64_t> length);
    void transmit(std::string_view head, std::string_view body);
    bool drainBody();

    Connection& connection_;
    const RequestHead& head_;
    const Options& options_;
    BodyReader body_;
    const std::atomic<bool>& serverCloses_;
    const std::string requestId_;
    std::string route_, user_;
    const std::chrono::steady_clock::time_point start_;
    ResponseFields fields_;
    Phase phase_ = Phase::waiting;
    std::string held_;            ///< a head that waits for the first bytes of its body
    std::uint64_t remaining_ = 0; ///< of a sized answer
    std::uint64_t bytesOut_ = 0;
    int status_ = 0;
    bool mayKeepAlive_;
    bool continueSent_ = false;
    bool cut_ = false;
    bool limited_ = false;
};

} // namespace talome::http

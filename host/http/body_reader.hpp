// Reads the body of one request from its connection: none, of a declared length, or in chunks (RFC 9112, 7.1),
// strictly and in flat memory.
#pragma once

#include "host/http/head_check.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace talome::http {

/// Whether to wait for bytes that have not come yet.
enum class Wait { no, yes };

/// Where bytes come from.
class ByteSource {
public:
    virtual ~ByteSource() = default;
    /// Takes at most n bytes; 0 at the end of the stream. If none is there, waits for some and throws HttpError 408
    /// when that takes too long, or answers nothing. Throws ClientGone.
    virtual std::optional<std::size_t> receive(void* to, std::size_t n, Wait) = 0;
    /// Bytes that were received beyond the body: the next receive() has them.
    virtual void giveBack(std::string_view bytes) = 0;
};

/// Not for several threads. It can be left at any byte and taken up again by another.
class BodyReader {
public:
    BodyReader(ByteSource& source, Framing framing, std::uint64_t length);

    /// The next bytes, 0 at the end; nothing if none has come and it may not wait. HttpError 413 above the limit, 400
    /// for a bad chunk; ClientGone if it is cut.
    std::optional<std::size_t> read(void* to, std::size_t n, Wait);

    /// HttpError 413 if more is declared or has come already.
    void limit(std::uint64_t bytes);

    Framing framing() const { return framing_; }
    bool atEnd() const { return state_ == State::end; }
    /// A failed read leaves the connection where no next request can be found.
    bool broken() const { return state_ == State::broken; }
    std::uint64_t received() const { return received_; }
    /// What is still to come, as far as declared.
    std::uint64_t remaining() const { return state_ == State::data && framing_ == Framing::length ? left_ : 0; }

private:
    enum class State { size, data, afterData, trailer, end, broken };

    std::optional<std::size_t> take(void* to, std::size_t n, Wait);
    std::optional<std::size_t> receive(void* to, std::size_t n, Wait);
    bool readLine(Wait);
    void onSize();
    void onTrailer();
    [[noreturn]] void refuse(int status, const char* text);

    ByteSource& source_;
    Framing framing_;
    State state_;
    std::uint64_t left_; ///< of the body, or of the chunk
    std::uint64_t received_ = 0;
    std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max();
    std::string buffer_; ///< chunked: bytes received and not yet looked at
    std::size_t at_ = 0;
    std::string line_; ///< chunked: of the line being read, as far as it has come
    std::size_t trailerBytes_ = 0;
};

} // namespace talome::http

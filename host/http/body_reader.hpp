// Reads the body of one request from its connection: none, of a declared length, or in chunks (RFC 9112, 7.1),
// strictly and in flat memory.
#pragma once

#include "host/http/head_check.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace talome::http {

/// Where bytes come from.
class ByteSource {
public:
    virtual ~ByteSource() = default;
    /// Waits for bytes and takes at most n; 0 at the end of the stream. Throws HttpError 408 or ClientGone.
    virtual std::size_t receive(void* to, std::size_t n) = 0;
    /// Bytes that were received beyond the body: the next receive() has them.
    virtual void giveBack(std::string_view bytes) = 0;
};

/// Not for several threads.
class BodyReader {
public:
    BodyReader(ByteSource& source, Framing framing, std::uint64_t length);

    /// The next bytes, 0 at the end. HttpError 413 above the limit, 400 for a bad chunk; ClientGone if it is cut.
    std::size_t read(void* to, std::size_t n);

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

    std::size_t take(void* to, std::size_t n);
    std::size_t receive(void* to, std::size_t n);
    std::string readLine();
    void readSize();
    void readTrailer();
    [[noreturn]] void refuse(int status, const char* text);

    ByteSource& source_;
    Framing framing_;
    State state_;
    std::uint64_t left_; ///< of the body, or of the chunk
    std::uint64_t received_ = 0;
    std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max();
    std::string buffer_; ///< chunked: bytes received and not yet looked at
    std::size_t at_ = 0;
};

} // namespace talome::http

// Compresses and expands the messages of a WebSocket (RFC 7692): raw DEFLATE, ended by an empty stored block whose last
// four bytes are not sent.
//
// What one costs, measured: a compressor 22 KiB + 4 * 2^bits bytes (38 KiB for 12 bits, 150 KiB for 15), an expander
// 7 KiB + 2^bits bytes (11 KiB for 12 bits, 39 KiB for 15), its window only once something was expanded.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <zlib.h>

namespace talome::http {

/// Not for several threads at once.
class MessageDeflater {
public:
    /// Bits 9..15: zlib has no window of 256 bytes. Throws std::bad_alloc.
    explicit MessageDeflater(int windowBits);
    ~MessageDeflater();
    MessageDeflater(const MessageDeflater&) = delete;
    MessageDeflater& operator=(const MessageDeflater&) = delete;

    /// Compresses one message of at least a byte into `to` if that takes fewer than n - 4 bytes, and gives their
    /// number; else 0, and what came before is forgotten. `to` has room for n; std::length_error if n does not fit 32
    /// bits.
    std::size_t compress(std::string_view message, char* to, std::size_t n);
    /// The next message stands alone.
    void reset();

    int windowBits() const { return windowBits_; }

private:
    z_stream stream_{};
    int windowBits_;
};

/// Not for several threads at once.
class MessageInflater {
public:
    enum class Result { ok, tooLarge, corrupt };

    /// Bits 8..15. Throws std::bad_alloc, as write() and finish() do.
    explicit MessageInflater(int windowBits);
    ~MessageInflater();
    MessageInflater(const MessageInflater&) = delete;
    MessageInflater& operator=(const MessageInflater&) = delete;

    /// Expands the next bytes of a message to the end of `out`, which is not let grow beyond `limit`. After a failure
    /// `out` holds what came before it, and only reset() is allowed.
    Result write(std::string_view compressed, std::string& out, std::size_t limit);
    /// The message has no more bytes.
    Result finish(std::string& out, std::size_t limit);
    /// The next message stands alone.
    void reset();

    int windowBits() const { return windowBits_; }

private:
    Result expand(std::string_view compressed, std::string& out, std::size_t limit);

    z_stream stream_{};
    int windowBits_;
    bool fresh_ = true;  ///< no byte of the message was seen
    bool ended_ = false; ///< the last block said that it is the last
};

/// Keeps one compressor and one expander for each thread, so that connections whose messages stand alone hold none
/// between messages, and need no memory for the next.
template <class Stream> class SpareStream {
public:
    /// As new.
    static std::unique_ptr<Stream> take(int windowBits) {
        auto stream = std::move(spare());
        if (!stream || stream->windowBits() != windowBits) return std::make_unique<Stream>(windowBits);
        stream->reset();
        return stream;
    }
    static void giveBack(std::unique_ptr<Stream> stream) { spare() = std::move(stream); }

private:
    static std::unique_ptr<Stream>& spare() {
        thread_local std::unique_ptr<Stream> stream;
        return stream;
    }
};

} // namespace talome::http

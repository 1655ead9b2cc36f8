// Decodes the body of an answer that is gzip or deflate.
#include "host/fetch/inflater.hpp"

#include "host/fetch/headers.hpp"

#include <new>
#include <talome/errors.hpp>
#include <zlib.h>

namespace talome::fetch {

bool Inflater::isKnown(std::string_view coding) {
    return sameName(coding, "gzip") || sameName(coding, "x-gzip") || sameName(coding, "deflate");
}

Inflater::Inflater(std::string_view coding) : deflate_(sameName(coding, "deflate")), stream_(new z_stream{}) {}

Inflater::~Inflater() {
    if (begun_) ::inflateEnd(stream_.get());
}

Inflater::Step Inflater::step(std::string_view in, char* to, std::size_t n) {
    if (in.empty() && (!begun_ || atEnd_)) return {0, 0};
    if (!begun_) {
        // "deflate" is zlib's format; some servers send it without that wrapper.
        const bool raw = deflate_ && (in.front() & 0x0f) != Z_DEFLATED;
        if (::inflateInit2(stream_.get(), raw ? -MAX_WBITS : deflate_ ? MAX_WBITS : MAX_WBITS + 16) != Z_OK)
            throw std::bad_alloc();
        begun_ = true;
    } else if (atEnd_ && ::inflateReset(stream_.get()) != Z_OK) // another member of gzip follows
        throw std::bad_alloc();
    atEnd_ = false;
    stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_->avail_in = static_cast<uInt>(in.size());
    stream_->next_out = reinterpret_cast<Bytef*>(to);
    stream_->avail_out = static_cast<uInt>(n);
    const int result = ::inflate(stream_.get(), Z_SYNC_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        throw BadUpstream("the answer's compressed body is damaged");
    atEnd_ = result == Z_STREAM_END;
    return {in.size() - stream_->avail_in, n - stream_->avail_out};
}

} // namespace talome::fetch

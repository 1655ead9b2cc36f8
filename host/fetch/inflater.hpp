// Decodes the body of an answer that is gzip or deflate (RFC 9110, 8.4.1), piece by piece: what a small body grows to
// is never held, only handed on.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

struct z_stream_s;

namespace talome::fetch {

/// For one thread at a time.
class Inflater {
public:
    /// Of a Content-Encoding that isKnown().
    explicit Inflater(std::string_view coding);
    ~Inflater();

    static bool isKnown(std::string_view coding);

    /// Takes some of `in` and gives some to `to`: both may be none. Throws talome::BadUpstream if it is damaged.
    struct Step {
        std::size_t taken, given;
    };
    Step step(std::string_view in, char* to, std::size_t n);
    /// Whether it could end here.
    bool atEnd() const { return atEnd_; }

private:
    const bool deflate_;
    bool begun_ = false, atEnd_ = true; ///< nothing at all is a whole body as well
    const std::unique_ptr<z_stream_s> stream_;
};

} // namespace talome::fetch

// Decodes one HTTP/1.1 response from bytes as they arrive, so that a connection which never ends can be read without a
// thread. Pure: no socket in here.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace talome::docker {

// The peer does not speak HTTP/1.1 as RFC 9112 has it.
struct HttpSyntaxError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class HttpDecoder {
public:
    using Body = std::function<void(std::string_view)>;

    // Body bytes go to `body`, in pieces as they come. Throws HttpSyntaxError; the decoder is of no use after that.
    void feed(std::string_view bytes, const Body& body);

    bool headDone() const { return state_ != State::statusLine && state_ != State::header; }
    bool finished() const { return state_ == State::finished; }
    int status() const { return status_; }
    // By its name in lower case; empty if the response has none.
    std::string_view header(std::string_view name) const;

private:
    enum class State { statusLine, header, chunkSize, chunkData, chunkEnd, trailer, counted, untilClose, finished };

    bool takeLine(std::string_view& bytes);
    void onLine();
    void onStatusLine();
    void onHeader();
    void onHeadEnd();
    void onChunkSize();

    State state_ = State::statusLine;
    std::string line_;
    std::size_t headBytes_ = 0;
    std::map<std::string, std::string, std::less<>> headers_;
    int status_ = 0;
    std::size_t remaining_ = 0;
};

} // namespace talome::docker

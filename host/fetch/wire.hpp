// A connection of libcurl's on which somebody else speaks: blocking calls with a time limit that can be called off.
#pragma once

#include "host/fetch/libcurl.hpp"
#include "host/http/body_reader.hpp"

#include <chrono>
#include <functional>

namespace talome::fetch {

/// One thread at a time. Its functions throw talome::Timeout, Cancelled or BadUpstream.
class Wire : public http::ByteSource {
public:
    using Clock = std::chrono::steady_clock;

    Wire(CURL* easy, std::string host, std::chrono::milliseconds idle, Clock::time_point until,
         std::function<bool()> cancelled);

    void send(std::string_view bytes);
    std::size_t receive(void* to, std::size_t n); ///< 0: the peer has closed
    curl_socket_t socket() const { return socket_; }
    std::uint64_t bytesIn() const { return bytesIn_; }

    std::optional<std::size_t> receive(void* to, std::size_t n, http::Wait) override;
    void giveBack(std::string_view) override {} // the connection ends with the body

private:
    void wait(short events);

    CURL* const easy_;
    const std::string host_;
    const std::chrono::milliseconds idle_;
    const Clock::time_point until_;
    const std::function<bool()> cancelled_;
    curl_socket_t socket_ = CURL_SOCKET_BAD;
    std::uint64_t bytesIn_ = 0;
};

} // namespace talome::fetch

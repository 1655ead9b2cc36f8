// A connection of libcurl's on which somebody else speaks.
#include "host/fetch/wire.hpp"

#include <algorithm>
#include <poll.h>
#include <talome/errors.hpp>

namespace talome::fetch {

Wire::Wire(CURL* easy, std::string host, std::chrono::milliseconds idle, Clock::time_point until,
           std::function<bool()> cancelled)
    : easy_(easy), host_(std::move(host)), idle_(idle), until_(until), cancelled_(std::move(cancelled)) {
    curl().easyInfo(easy_, CURLINFO_ACTIVESOCKET, &socket_);
    if (socket_ == CURL_SOCKET_BAD) throw Unavailable(host_ + " cannot be reached");
}

void Wire::wait(short events) {
    const auto until = std::min(until_, Clock::now() + idle_);
    for (;;) {
        if (cancelled_ && cancelled_()) throw Cancelled("the caller has left");
        const auto left = until - Clock::now();
        if (left <= Clock::duration::zero()) throw Timeout(host_ + " does not answer in time");
        const auto some = std::min<std::chrono::milliseconds>(std::chrono::ceil<std::chrono::milliseconds>(left),
                                                              std::chrono::milliseconds(200));
        pollfd one{socket_, events, 0};
        if (::poll(&one, 1, static_cast<int>(some.count())) > 0) return;
    }
}

void Wire::send(std::string_view bytes) {
    while (!bytes.empty()) {
        std::size_t sent = 0;
        const auto result = curl().easySend(easy_, bytes.data(), bytes.size(), &sent);
        if (result == CURLE_AGAIN) {
            wait(POLLOUT);
            continue;
        }
        if (result != CURLE_OK) throw Unavailable(host_ + " closed the connection without an answer");
        bytes.remove_prefix(sent);
    }
}

std::size_t Wire::receive(void* to, std::size_t n) {
    for (;;) {
        std::size_t got = 0;
        const auto result = curl().easyReceive(easy_, to, n, &got);
        if (result == CURLE_OK) {
            bytesIn_ += got;
            return got;
        }
        if (result != CURLE_AGAIN) return 0;
        wait(POLLIN);
    }
}

std::optional<std::size_t> Wire::receive(void* to, std::size_t n, http::Wait) { return receive(to, n); }

} // namespace talome::fetch

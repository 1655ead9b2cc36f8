// What libcurl calls while it speaks, and what its results mean.
#include "host/fetch/hop.hpp"

#include <sys/socket.h>
#include <talome/errors.hpp>
#include <utility>

namespace talome::fetch {

/// No exception may pass through libcurl: it becomes the reason of the end.
template <class F> auto Hop::guarded(F&& body, decltype(body()) otherwise) noexcept {
    try {
        return body();
    } catch (const Error& error) {
        failure_ = End{error.status, error.what()};
    } catch (const std::exception& error) {
        failure_ = End{TALOME_E_INTERNAL, error.what()};
    }
    return otherwise;
}

std::size_t Hop::header(char* line, std::size_t size, std::size_t n, void* user) noexcept {
    auto& self = *static_cast<Hop*>(user);
    return self.guarded(
        [&]() -> std::size_t {
            if (self.head_.add({line, size * n})) {
                self.lastActivity_ = Clock::now();
                self.onHead();
            }
            return self.location_ ? 0 : size * n; // nobody needs the rest of a redirect
        },
        0);
}

std::size_t Hop::write(char* data, std::size_t size, std::size_t n, void* user) noexcept {
    auto& self = *static_cast<Hop*>(user);
    return self.guarded([&] { return self.onData({data, size * n}); }, 0);
}

std::size_t Hop::read(char* to, std::size_t size, std::size_t n, void* user) noexcept {
    auto& self = *static_cast<Hop*>(user);
    return self.guarded(
        [&]() -> std::size_t {
            self.lastActivity_ = Clock::now();
            const auto got = self.pipe_.body(to, size * n);
            self.waiting_ = !got;
            if (!got) return CURL_READFUNC_PAUSE;
            self.bytesOut_ += *got;
            return *got;
        },
        CURL_READFUNC_ABORT);
}

/// Only what goes out is looked at: of what comes the other callbacks tell, and half a head is none.
int Hop::progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t sent) noexcept {
    auto& self = *static_cast<Hop*>(user);
    if (std::exchange(self.sent_, sent) != sent) self.lastActivity_ = Clock::now();
    return 0;
}

curl_socket_t Hop::openSocket(void* user, curlsocktype, curl_sockaddr* to) noexcept {
    auto& self = *static_cast<Hop*>(user);
    return self.guarded(
        [&]() -> curl_socket_t {
            if (self.order_.unixSocket.empty()) {
                const auto address = Address::of(&to->addr, to->addrlen);
                if (!address || !self.allowed(*address)) return CURL_SOCKET_BAD;
            } else if (to->family != AF_UNIX)
                return CURL_SOCKET_BAD;
            return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
        },
        CURL_SOCKET_BAD);
}

/// Before the request is sent, over a new connection or one that was kept: libcurl has asked the socket for its peer.
int Hop::beforeRequest(void* user, char* peer, char*, int, int) noexcept {
    auto& self = *static_cast<Hop*>(user);
    return self.guarded(
        [&]() -> int {
            self.connected_ = true;
            self.lastActivity_ = Clock::now();
            if (!self.order_.unixSocket.empty()) return CURL_PREREQFUNC_OK;
            const auto address = Address::parse(peer);
            if (!address || !self.allowed(*address)) return CURL_PREREQFUNC_ABORT;
            self.zone_ = judge(*address).zone;
            self.failure_.reset(); // of another address of the same name
            return CURL_PREREQFUNC_OK;
        },
        CURL_PREREQFUNC_ABORT);
}

End Hop::outcome(CURLcode code) const {
    if (failure_) return *failure_;
    const auto& who = aim_.url.host;
    switch (code) {
    case CURLE_OK:
        if (inflater_ && !inflater_->atEnd()) return {TALOME_E_BAD_UPSTREAM, who + ": the compressed answer broke off"};
        return {};
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
        return {TALOME_E_UNAVAILABLE, who + " cannot be reached"};
    case CURLE_PEER_FAILED_VERIFICATION:
        return {TALOME_E_BAD_UPSTREAM, who + " has a certificate that is not believed"};
    case CURLE_SSL_CONNECT_ERROR:
        return {TALOME_E_UNAVAILABLE, who + ": no TLS connection could be made"};
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return {TALOME_E_INVALID, "a certificate file of the request cannot be used"};
    case CURLE_OPERATION_TIMEDOUT:
        return {TALOME_E_TIMEOUT, who + " does not answer in time"};
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        if (!answered()) return {TALOME_E_UNAVAILABLE, who + " closed the connection without an answer"};
        return {TALOME_E_BAD_UPSTREAM, who + ": the answer broke off, or is no HTTP"};
    default: // CURLE_OUT_OF_MEMORY is among them: it is what a line says that is too long for libcurl
        return {TALOME_E_BAD_UPSTREAM, who + " answered something that is no HTTP"};
    }
}

} // namespace talome::fetch

#include "host/http/connection.hpp"

#include "host/http/error.hpp"
#include "host/http/exchange.hpp"

#include <Poco/Net/StreamSocketImpl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <system_error>

namespace talome::http {

namespace {

constexpr std::uint64_t kSlowestClient = 4096; // bytes a second

// Waits for the events or a hang-up; false when the time is over.
bool waitFor(int descriptor, short events, std::chrono::milliseconds limit) {
    auto end = Connection::Clock::now() + limit;
    for (;;) {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Connection::Clock::now());
        pollfd entry{descriptor, events, 0};
        int n = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
        if (n > 0) return true;
        if (n == 0) return false;
        if (errno != EINTR) throw ClientGone();
    }
}

std::size_t inKernel(int descriptor) {
    int n = 0;
    return ::ioctl(descriptor, FIONREAD, &n) == 0 ? static_cast<std::size_t>(n) : 0;
}

bool wouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

} // namespace

Connection::Connection(int descriptor, std::string peer, std::shared_ptr<const std::string> listener,
                       std::optional<uid_t> peerUid)
    : Watched(Kind::connection), descriptor_(descriptor), socket_(new Poco::Net::StreamSocketImpl(descriptor)),
      peer_(std::move(peer)), listener_(std::move(listener)), peerUid_(peerUid) {}

Connection::~Connection() = default;

void Connection::startTls(const TlsContext& context) {
    tls_ = std::make_unique<TlsSession>(context, descriptor_);
    handshaking = true;
}

bool Connection::fallBackToPlain() {
    if (!tls_->plainHttp()) return false;
    tls_.reset();
    return true;
}

std::ptrdiff_t Connection::takeAndPeek(char* to, std::size_t n) {
    bool over = false;
    while (pending_.size() < n && !over) {
        const auto before = pending_.size();
        pending_.resize(std::min(n, before + 16384));
        const auto got = receiveNow(pending_.data() + before, pending_.size() - before);
        pending_.resize(before + got.value_or(0));
        if (!got) break;
        over = *got == 0;
    }
    if (pending_.empty()) return over ? -1 : 0;
    n = std::min(n, pending_.size());
    std::memcpy(to, pending_.data(), n);
    return static_cast<std::ptrdiff_t>(n);
}

std::ptrdiff_t Connection::peek(char* to, std::size_t n) {
    if (takesToPeek()) return takeAndPeek(to, n);
    auto held = std::min(n, pending_.size());
    std::memcpy(to, pending_.data(), held);
    if (held == n) return static_cast<std::ptrdiff_t>(n);
    ssize_t got;
    do got = ::recv(descriptor_, to + held, n - held, MSG_PEEK | MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got > 0) return static_cast<std::ptrdiff_t>(held) + got;
    if (held) return static_cast<std::ptrdiff_t>(held);
    return got < 0 && wouldBlock(errno) ? 0 : -1;
}

void Connection::consume(char* scratch, std::size_t n) {
    if (takesToPeek()) n = std::min(n, pending_.size()); // what is on the wire still was not seen
    auto held = std::min(n, pending_.size());
    pending_.erase(0, held);
    while (held < n) {
        auto got = ::recv(descriptor_, scratch + held, n - held, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) throw ClientGone();
        held += static_cast<std::size_t>(got);
    }
}

bool Connection::waiting() const { return inKernel(descriptor_) > 0; }

std::size_t Connection::unread() const { return pending_.size() + inKernel(descriptor_); }

void Connection::wakeAbove(std::size_t n) {
    // Bytes of TLS's wire say nothing about bytes of the request, and a unix socket has no such mark.
    if (takesToPeek()) return;
    n -= std::min(n, pending_.size());
    if (n == wakeAbove_) return;
    int low = static_cast<int>(n) + 1;
    if (::setsockopt(descriptor_, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof low) == 0) wakeAbove_ = n;
}

std::optional<std::size_t> Connection::receive(void* to, std::size_t n, Wait wait) {
    if (!pending_.empty()) {
        n = std::min(n, pending_.size());
        std::memcpy(to, pending_.data(), n);
        pending_.erase(0, n);
        return n;
    }
    for (;;) {
        if (const auto got = receiveNow(to, n)) return got;
        if (wait == Wait::no) return std::nullopt;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(receiveBy_ - Clock::now());
        if (!waitFor(descriptor_, POLLIN, std::max(left, std::chrono::milliseconds(0))))
            throw HttpError(408, "the body came too slowly");
    }
}

// Like recv(): 0 at the end; nothing if there is none now.
std::optional<std::size_t> Connection::receiveNow(void* to, std::size_t n) {
    if (tls_) return receiveTls(to, n);
    ssize_t got;
    do got = ::recv(descriptor_, to, n, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (wouldBlock(errno)) return std::nullopt;
    throw ClientGone();
}

std::optional<std::size_t> Connection::receiveTls(void* to, std::size_t n) {
    std::size_t got = 0;
    switch (tls_->read(to, n, got)) {
    case TlsSession::Outcome::done:
        return got;
    case TlsSession::Outcome::closed:
        return 0;
    case TlsSession::Outcome::failed:
        throw ClientGone();
    case TlsSession::Outcome::wantRead:
    case TlsSession::Outcome::wantWrite:
        break;
    }
    return std::nullopt;
}

std::size_t Connection::sendTls(std::string_view head, std::string_view body) {
    std::size_t taken = 0;
    const auto outcome = tls_->write(head, body, taken);
    if (outcome == TlsSession::Outcome::closed || outcome == TlsSession::Outcome::failed) throw ClientGone();
    return taken;
}

std::size_t Connection::sendSome(std::string_view head, std::string_view body) {
    if (tls_) return sendTls(head, body);
    iovec parts[2] = {{const_cast<char*>(head.data()), head.size()}, {const_cast<char*>(body.data()), body.size()}};
    msghdr message{};
    message.msg_iov = head.empty() ? parts + 1 : parts;
    message.msg_iovlen = head.empty() || body.empty() ? 1 : 2;
    for (;;) {
        auto n = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) return static_cast<std::size_t>(n);
        if (wouldBlock(errno)) return 0;
        if (errno != EINTR) throw ClientGone();
    }
}

std::size_t Connection::sendSome(int file, std::uint64_t& offset, std::size_t n) {
    while (tls_) {
        constexpr std::size_t kPiece = 65536;
        thread_local const std::unique_ptr<char[]> piece(new char[kPiece]);
        const auto got = ::pread(file, piece.get(), std::min(n, kPiece), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw std::system_error(errno, std::generic_category(), "the file cannot be read");
        if (got == 0) throw std::system_error(ENODATA, std::generic_category(), "the file has become shorter");
        const auto taken = sendTls({piece.get(), static_cast<std::size_t>(got)}, {});
        offset += taken;
        return taken;
    }
    for (;;) {
        auto at = static_cast<off_t>(offset);
        auto sent = ::sendfile(descriptor_, file, &at, n);
        if (sent > 0) {
            offset = static_cast<std::uint64_t>(at);
            return static_cast<std::size_t>(sent);
        }
        if (sent == 0) throw std::system_error(ENODATA, std::generic_category(), "the file has become shorter");
        if (wouldBlock(errno)) return 0;
        if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN || errno == ETIMEDOUT) throw ClientGone();
        if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "the file cannot be read");
    }
}

void Connection::send(std::string_view head, std::string_view body, std::chrono::milliseconds limit) {
    std::uint64_t sent = 0;
    Clock::time_point start{};
    while (!head.empty() || !body.empty()) {
        if (auto n = sendSome(head, body)) {
            sent += n;
            auto ofHead = std::min(head.size(), n);
            head.remove_prefix(ofHead);
            body.remove_prefix(n - ofHead);
            continue;
        }
        auto now = Clock::now();
        if (start == Clock::time_point{}) start = now;
        if (now - start > limit + std::chrono::seconds(sent / kSlowestClient)) throw ClientGone();
        if (!waitFor(descriptor_, POLLOUT, limit)) throw ClientGone();
    }
}

void Connection::sendNow(std::string_view bytes) {
    if (tls_) {
        std::size_t taken = 0;
        tls_->write(bytes, taken);
        return;
    }
    ssize_t n;
    do n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
}

bool Connection::connected() const {
    pollfd entry{descriptor_, POLLRDHUP, 0};
    return ::poll(&entry, 1, 0) <= 0;
}

void Connection::shutdownSend() {
    if (tls_) tls_->shutdown();
    ::shutdown(descriptor_, SHUT_WR);
}

void Connection::shutdownReceive() { ::shutdown(descriptor_, SHUT_RD); }

void Connection::shutdown() { ::shutdown(descriptor_, SHUT_RDWR); }

void Connection::resetOnClose() {
    linger value{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &value, sizeof value);
}

} // namespace talome::http

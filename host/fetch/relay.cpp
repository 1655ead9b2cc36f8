// A TLS connection that goes on as a raw stream.
#include "host/fetch/relay.hpp"

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace talome::fetch {

namespace {
constexpr std::size_t kPiece = 16384;

bool later() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }
} // namespace

Relay::Relay(std::unique_ptr<CURL, FreeEasy> connection, http::Descriptor plugin)
    : connection_(std::move(connection)), plugin_(std::move(plugin)) {
    curl().easyInfo(connection_.get(), CURLINFO_ACTIVESOCKET, &socket_);
}

/// False: the plugin has closed its end, or the peer is gone and all of it is delivered.
bool Relay::fromPeer() {
    for (;;) {
        if (toPlugin_.empty() && !peerEnded_) {
            toPlugin_.resize(kPiece);
            std::size_t got = 0;
            const auto result = curl().easyReceive(connection_.get(), toPlugin_.data(), toPlugin_.size(), &got);
            toPlugin_.resize(result == CURLE_OK ? got : 0);
            if (result == CURLE_AGAIN) return true;
            peerEnded_ = result != CURLE_OK || !got;
        }
        if (toPlugin_.empty()) return false;
        const auto sent = ::send(plugin_.get(), toPlugin_.data(), toPlugin_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) return later();
        toPlugin_.erase(0, static_cast<std::size_t>(sent));
    }
}

bool Relay::fromPlugin() {
    for (;;) {
        if (toPeer_.empty() && !pluginEnded_) {
            toPeer_.resize(kPiece);
            const auto got = ::recv(plugin_.get(), toPeer_.data(), toPeer_.size(), MSG_DONTWAIT);
            toPeer_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
            if (got < 0) return later();
            pluginEnded_ = got == 0; // the peer may still have something to say
        }
        if (toPeer_.empty()) return true;
        std::size_t sent = 0;
        const auto result = curl().easySend(connection_.get(), toPeer_.data(), toPeer_.size(), &sent);
        if (result == CURLE_AGAIN) return true;
        if (result != CURLE_OK) return false;
        toPeer_.erase(0, sent);
    }
}

/// It has closed its end, not only said that nothing more comes.
bool Relay::pluginIsGone() const {
    pollfd plugin{plugin_.get(), 0, 0};
    return ::poll(&plugin, 1, 0) > 0 && (plugin.revents & (POLLHUP | POLLERR));
}

bool Relay::step() { return fromPlugin() && fromPeer() && !(pluginEnded_ && toPeer_.empty() && pluginIsGone()); }

void Relay::watch(std::vector<curl_waitfd>& all) const {
    short peer = 0, plugin = 0;
    if (toPlugin_.empty() && !peerEnded_) peer |= CURL_WAIT_POLLIN;
    if (!toPeer_.empty()) peer |= CURL_WAIT_POLLOUT;
    if (toPeer_.empty() && !pluginEnded_) plugin |= CURL_WAIT_POLLIN;
    if (!toPlugin_.empty()) plugin |= CURL_WAIT_POLLOUT;
    if (peer) all.push_back({socket_, peer, 0});
    all.push_back({plugin_.get(), plugin, 0}); // that it is gone is told without being asked for
}

} // namespace talome::fetch

#include "host/http/listener.hpp"

#include <Poco/Net/DNS.h>
#include <Poco/Net/NetException.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace talome::http {

namespace {

// An IPv4 client of a socket for both is shown as IPv4.
std::string addressText(const sockaddr_storage& peer) {
    char text[INET6_ADDRSTRLEN] = "";
    if (peer.ss_family == AF_INET) {
        ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(peer).sin_addr, text, sizeof text);
    } else if (peer.ss_family == AF_INET6) {
        auto& address = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&address))
            ::inet_ntop(AF_INET, address.s6_addr + 12, text, sizeof text);
        else
            ::inet_ntop(AF_INET6, &address, text, sizeof text);
    }
    return text;
}

/// Taken by the kernel when the client connected. (uid_t)-1, which nobody has, if it does not say.
uid_t uidOf(int client) {
    ucred peer{};
    socklen_t length = sizeof peer;
    return ::getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.uid : static_cast<uid_t>(-1);
}

std::unique_ptr<Connection> makeConnection(int client, const sockaddr_storage& peer, bool ofUnix,
                                           std::shared_ptr<const std::string> name) {
    if (ofUnix) {
        const auto uid = uidOf(client);
        return std::make_unique<Connection>(client, "unix:" + std::to_string(uid), std::move(name), uid);
    }
    int on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return std::make_unique<Connection>(client, addressText(peer), std::move(name));
}

std::vector<Poco::Net::IPAddress> resolve(const std::string& host) {
    try {
        return Poco::Net::DNS::hostByName(host).addresses();
    } catch (const Poco::Exception& error) {
        throw std::runtime_error("cannot listen on " + host + ": " + error.displayText());
    }
}

Poco::Net::ServerSocket listenAt(const Poco::Net::IPAddress& host, std::uint16_t port, int backlog) {
    Poco::Net::SocketAddress address(host, port);
    try {
        Poco::Net::ServerSocket socket;
        // A wildcard serves both families; a named IPv6 address serves itself.
        if (host.family() == Poco::Net::IPAddress::IPv6)
            socket.bind6(address, true, false, !host.isWildcard());
        else
            socket.bind(address, true, false);
        socket.listen(backlog);
        int descriptor = socket.impl()->sockfd();
        ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
        return socket;
    } catch (const Poco::Exception& error) {
        auto why = error.code() ? std::generic_category().message(error.code()) : error.displayText();
        throw std::runtime_error("cannot listen on " + address.toString() + ": " + why);
    }
}

} // namespace

Listener::Listener(const Poco::Net::ServerSocket& socket, std::shared_ptr<const std::string> name)
    : Watched(Kind::listener), socket_(socket), address_(socket_.address()), name_(std::move(name)) {}

Listener::Listener(std::unique_ptr<UnixSocket> socket)
    : Watched(Kind::listener), unix_(std::move(socket)), socket_(unix_->socket()),
      name_(std::make_shared<const std::string>()) {}

Listener::Accepted Listener::accept(std::unique_ptr<Connection>& out) {
    std::lock_guard lock(mutex_);
    if (closed_) return Accepted::closed;
    for (;;) {
        sockaddr_storage peer{};
        socklen_t length = sizeof peer;
        auto* address = reinterpret_cast<sockaddr*>(&peer);
        int client = ::accept4(socket_.impl()->sockfd(), address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0) {
            out = makeConnection(client, peer, unix_ != nullptr, name_);
            return Accepted::connection;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) return Accepted::nothing;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return Accepted::exhausted;
        // Anything else is about that one client (accept(2), "Error handling"): the next may be well.
    }
}

void Listener::rearm(const std::function<void(int)>& arm) {
    std::lock_guard lock(mutex_);
    if (!closed_) arm(descriptor());
}

void Listener::close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    if (unix_) unix_->removeFile();
    socket_.close();
}

bool Listener::closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
}

int Listener::descriptor() const { return socket_.impl()->sockfd(); }

Poco::Net::SocketAddress Listener::address() const { return address_; }

std::vector<std::unique_ptr<Listener>> listenOn(const std::string& name, const std::string& host, std::uint16_t port,
                                                int backlog) {
    using Poco::Net::IPAddress;
    const auto shared = std::make_shared<const std::string>(name);
    std::vector<IPAddress> addresses;
    IPAddress literal;
    if (IPAddress::tryParse(host, literal))
        addresses.push_back(literal);
    else
        addresses = resolve(host);
    std::sort(addresses.begin(), addresses.end());
    addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());

    std::vector<std::unique_ptr<Listener>> listeners;
    for (auto& address : addresses) {
        try {
            listeners.push_back(std::make_unique<Listener>(listenAt(address, port, backlog), shared));
        } catch (const std::runtime_error&) {
            // A machine without IPv6 still has names with an IPv6 address, and a wish for "::" means "everything".
            if (literal.isWildcard() && literal.family() == IPAddress::IPv6)
                listeners.push_back(std::make_unique<Listener>(listenAt(IPAddress("0.0.0.0"), port, backlog), shared));
            else if (address.family() == IPAddress::IPv4 || addresses.size() == 1)
                throw;
        }
        port = listeners.empty() ? port : listeners.front()->address().port();
    }
    if (listeners.empty()) throw std::runtime_error("cannot listen on " + host + ": none of its addresses is here");
    return listeners;
}

} // namespace talome::http

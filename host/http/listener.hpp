// A listening socket in the engine's epoll set.
#pragma once

#include "host/http/connection.hpp"
#include "host/http/unix_socket.hpp"

#include <Poco/Net/ServerSocket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace talome::http {

/// accept() may be called by any worker, close() by any thread.
class Listener : public Watched {
public:
    Listener(const Poco::Net::ServerSocket& socket, std::shared_ptr<const std::string> name);
    /// What comes through it is served as what comes through the main one is, see Exchange::peerUid().
    explicit Listener(std::unique_ptr<UnixSocket> socket);

    enum class Accepted { connection, nothing, exhausted, closed };
    /// Takes one waiting client, or says why there is none. `exhausted`: no descriptor is left for one.
    Accepted accept(std::unique_ptr<Connection>& out);

    /// Calls `arm` with the descriptor, unless it is closed.
    void rearm(const std::function<void(int)>& arm);
    void close();
    bool closed() const;
    int descriptor() const;
    Poco::Net::SocketAddress address() const;
    const std::string& name() const { return *name_; }

private:
    mutable std::mutex mutex_;               ///< against close() while a worker accepts
    const std::unique_ptr<UnixSocket> unix_; ///< null: TCP
    Poco::Net::ServerSocket socket_;
    Poco::Net::SocketAddress address_;
    const std::shared_ptr<const std::string> name_;
    bool closed_ = false;
};

/// Binds all addresses that `host` stands for. "::" takes IPv4 too. Port 0: one free port, the same for all of them.
/// `name` is what their connections are told apart by. Throws std::runtime_error with the address and the reason.
std::vector<std::unique_ptr<Listener>> listenOn(const std::string& name, const std::string& host, std::uint16_t port,
                                                int backlog);

} // namespace talome::http

// The whole server, put together: what main() starts and stops.
#pragma once

#include "host/config/config.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace talome {

/// The thread that makes it is its lifecycle thread: plugins are started and stopped on it.
class Server {
public:
    /// Opens the state, starts the plugins, listens. Throws std::exception with words for the person who starts it.
    explicit Server(const config::Config&);
    ~Server();

    std::string address() const;   ///< "http://0.0.0.0:4000"
    std::string setupCode() const; ///< empty once there is a user
    /// No new requests; those in flight finish, at most so long. Then plugins stop and databases close.
    void stop(std::chrono::milliseconds drain);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace talome

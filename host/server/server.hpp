// The whole server, put together: what main() starts and stops.
#pragma once

#include "host/config/config.hpp"
#include "host/tasks/time_source.hpp"
#include "host/server/passed_sockets.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace talome {

namespace auth {
class Users;
class Sessions;
} // namespace auth
namespace plugins {
struct Services;
}
namespace tasks {
class Pool;
}

/// The thread that makes it is its lifecycle thread: plugins are started and stopped on it.
class Server {
public:
    /// Opens the state, starts the plugins, listens: on `passed`, else where the configuration says. Throws
    /// std::exception with words for the person who starts it.
    explicit Server(const config::Config&, PassedSockets passed = {},
                    const tasks::TimeSource& = tasks::TimeSource::real());
    ~Server();

    std::string address() const;   ///< "http://0.0.0.0:4000"
    std::string setupCode() const; ///< empty once there is a user
    /// No new requests; those in flight finish, at most so long. Then plugins stop and databases close.
    void stop(std::chrono::milliseconds drain);

    /// What the testing library works with, besides the doors that everybody has.
    struct Inside {
        plugins::Services& services;
        auth::Users& users;
        auth::Sessions& sessions;
        std::vector<tasks::Pool*> pools; ///< all that work for plugins
    };
    Inside inside();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace talome

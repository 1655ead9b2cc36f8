// A small client of the REST API for talomectl, over the server's unix socket or TCP.
#pragma once

#include "host/ctl/server_place.hpp"

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace Poco::Net {
class HTTPClientSession;
class HTTPRequest;
} // namespace Poco::Net

namespace talome::ctl {

/// One thread. Each request has a connection of its own. What is not a success throws std::runtime_error with the
/// server's words.
class Client {
public:
    Client(ServerPlace place, std::string token) : place_(std::move(place)), token_(std::move(token)) {}

    boost::json::value get(const std::string& path) const { return send("GET", path, nullptr); }
    boost::json::value send(const std::string& method, const std::string& path, const boost::json::value& body) const;
    std::string text(const std::string& method, const std::string& path, const boost::json::value& body) const;

    /// For requests of another kind: a connection, and what each request over it needs. Any thread.
    std::unique_ptr<Poco::Net::HTTPClientSession> connect() const;
    void prepare(Poco::Net::HTTPRequest&) const;

    /// How long an answer may take; a snapshot of large databases has its time.
    static constexpr int kAnswerSeconds = 600;

private:
    ServerPlace place_;
    std::string token_;
};

} // namespace talome::ctl

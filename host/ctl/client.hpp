// A small client of the REST API for talomectl.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace talome::ctl {

/// Throws std::runtime_error with the server's words if the answer is not a success.
class Client {
public:
    Client(std::string base, std::string token);

    boost::json::value get(const std::string& path) const { return send("GET", path, nullptr); }
    boost::json::value send(const std::string& method, const std::string& path, const boost::json::value& body) const;
    std::string text(const std::string& method, const std::string& path, const boost::json::value& body) const;

private:
    std::string base_, token_;
};

/// "containers.list  GET /api/containers  all containers …", one for each operation with a route.
std::vector<std::string> operations(const Client&);

/// Finds the operation's route in the OpenAPI document, puts the input where the route wants it, and returns the
/// answer.
std::string call(const Client&, const std::string& operation, std::string_view input);

} // namespace talome::ctl

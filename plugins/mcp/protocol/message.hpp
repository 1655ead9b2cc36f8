// JSON-RPC 2.0 as MCP uses it: one message read strictly, and what is answered.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace talome::mcp {

// JSON-RPC 2.0, section 5.1, and MCP's own.
inline constexpr int kParseError = -32700, kInvalidRequest = -32600, kMethodNotFound = -32601, kInvalidParams = -32602,
                     kInternalError = -32603, kResourceNotFound = -32002, kHeaderMismatch = -32020,
                     kMissingCapability = -32021, kUnsupportedVersion = -32022, kUrlElicitation = -32042;

/// Answered as a JSON-RPC error, with an HTTP status where the protocol wants another than 200.
struct RpcError : std::runtime_error {
    RpcError(int code, const std::string& words, int http = 200) : std::runtime_error(words), code(code), http(http) {}
    RpcError(int code, const std::string& words, boost::json::value data, int http = 200)
        : std::runtime_error(words), code(code), http(http), data(std::move(data)) {}

    int code, http;
    std::optional<boost::json::value> data;
};

struct Message {
    enum class Kind { request, notification, response };
    Kind kind = Kind::request;
    boost::json::value id;      ///< a text or an integer; null for a notification
    std::string method;         ///< of a request or notification
    boost::json::object params; ///< empty if there are none
    boost::json::object whole;  ///< of a response
};

/// Throws RpcError 400: what is no JSON is -32700, what is no message -32600. `id`: kept for the answer, if it is one.
boost::json::value parseBody(std::string_view text);
Message readMessage(boost::json::value, boost::json::value& id);

/// Texts of messages.
std::string errorText(const boost::json::value& id, const RpcError&);
std::string notificationText(std::string_view method, const boost::json::object& params);

/// Members of params, with their types. Throws RpcError -32602 that names the member.
std::string textOf(const boost::json::object& params, std::string_view name);
std::optional<std::string> maybeTextOf(const boost::json::object& params, std::string_view name);
const boost::json::object* objectOf(const boost::json::object& params, std::string_view name);

} // namespace talome::mcp

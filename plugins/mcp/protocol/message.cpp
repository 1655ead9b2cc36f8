#include "protocol/message.hpp"

namespace json = boost::json;

namespace talome::mcp {

namespace {

constexpr std::size_t kMostId = 256;

bool isId(const json::value& id) {
    return id.is_int64() || id.is_uint64() || (id.is_string() && id.get_string().size() <= kMostId);
}

} // namespace

json::value parseBody(std::string_view text) {
    boost::system::error_code error;
    auto value = json::parse(text, error); // 32 levels
    if (error) throw RpcError(kParseError, "the body is not JSON: " + error.message(), 400);
    return value;
}

Message readMessage(json::value value, json::value& id) {
    auto* object = value.if_object();
    if (!object) throw RpcError(kInvalidRequest, "expected one JSON-RPC message, an object", 400);
    Message message;
    const auto* version = object->if_contains("jsonrpc");
    const auto* given = object->if_contains("id");
    if (given && isId(*given)) id = *given;
    if (!version || *version != "2.0") throw RpcError(kInvalidRequest, "jsonrpc: expected \"2.0\"", 400);
    if (given && !isId(*given)) throw RpcError(kInvalidRequest, "id: expected a text or an integer", 400);
    const auto* method = object->if_contains("method");
    if (!method) {
        if (!given || (!object->contains("result") && !object->contains("error")))
            throw RpcError(kInvalidRequest, "method: is missing", 400);
        message.kind = Message::Kind::response;
        message.id = *given;
        message.whole = std::move(*object);
        return message;
    }
    if (!method->is_string()) throw RpcError(kInvalidRequest, "method: expected a text", 400);
    message.method = method->get_string();
    message.kind = given ? Message::Kind::request : Message::Kind::notification;
    if (given) message.id = *given;
    if (auto* params = object->if_contains("params")) {
        if (!params->is_object()) throw RpcError(kInvalidParams, "params: expected an object", 400);
        message.params = std::move(params->get_object());
    }
    return message;
}

std::string errorText(const json::value& id, const RpcError& error) {
    json::object body{{"code", error.code}, {"message", error.what()}};
    if (error.data) body["data"] = *error.data;
    return json::serialize(json::object{{"jsonrpc", "2.0"}, {"id", id}, {"error", std::move(body)}});
}

std::string notificationText(std::string_view method, const json::object& params) {
    return json::serialize(json::object{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}});
}

std::string textOf(const json::object& params, std::string_view name) {
    if (auto text = maybeTextOf(params, name)) return std::move(*text);
    throw RpcError(kInvalidParams, std::string(name) + ": is missing");
}

std::optional<std::string> maybeTextOf(const json::object& params, std::string_view name) {
    const auto* value = params.if_contains(name);
    if (!value) return std::nullopt;
    if (!value->is_string()) throw RpcError(kInvalidParams, std::string(name) + ": expected a text");
    return std::string(value->get_string());
}

const json::object* objectOf(const json::object& params, std::string_view name) {
    const auto* value = params.if_contains(name);
    if (!value) return nullptr;
    if (!value->is_object()) throw RpcError(kInvalidParams, std::string(name) + ": expected an object");
    return &value->get_object();
}

} // namespace talome::mcp

#include "protocol/version.hpp"

#include "protocol/base64.hpp"

#include <algorithm>

namespace json = boost::json;

namespace talome::mcp {

bool isKnown(std::string_view version) { return std::ranges::find(kVersions, version) != kVersions.end(); }
bool isLegacy(std::string_view version) { return isKnown(version) && version != kModern; }

bool isModern(const Message& message, const std::string& versionHeader) {
    const auto* meta = message.params.if_contains("_meta");
    if (meta && meta->is_object() && meta->get_object().contains(kMetaVersion)) return true;
    return !versionHeader.empty() && !isLegacy(versionHeader);
}

RpcError unsupportedVersion(const std::string& requested) {
    json::array supported;
    for (const auto version : kVersions) supported.emplace_back(version);
    return {kUnsupportedVersion, "the protocol version " + requested + " is not spoken here",
            json::object{{"supported", std::move(supported)}, {"requested", requested}}, 400};
}

namespace {

RpcError mismatch(const std::string& words) { return {kHeaderMismatch, words, 400}; }

/// The member of the parameters that Mcp-Name repeats.
const char* namedBy(std::string_view method) {
    if (method == "tools/call" || method == "prompts/get") return "name";
    return method == "resources/read" ? "uri" : nullptr;
}

} // namespace

std::optional<std::string> decodedHeader(std::string_view text) {
    constexpr std::string_view begin = "=?base64?", end = "?=";
    if (!text.starts_with(begin) || !text.ends_with(end) || text.size() < begin.size() + end.size())
        return std::string(text);
    return fromBase64(text.substr(begin.size(), text.size() - begin.size() - end.size()));
}

void checkModern(const Message& message, const Header& header) {
    const auto* meta = message.params.if_contains("_meta");
    const auto* object = meta ? meta->if_object() : nullptr;
    const auto* version = object ? object->if_contains(kMetaVersion) : nullptr;
    const auto* capabilities = object ? object->if_contains(kMetaCapabilities) : nullptr;
    if (!version || !version->is_string())
        throw RpcError(kInvalidParams, "_meta: " + std::string(kMetaVersion) + " is missing", 400);
    if (!capabilities || !capabilities->is_object())
        throw RpcError(kInvalidParams, "_meta: " + std::string(kMetaCapabilities) + " is missing", 400);
    const std::string wanted(version->get_string());
    const auto given = header("MCP-Protocol-Version");
    if (given != wanted)
        throw mismatch(given.empty() ? "MCP-Protocol-Version: is missing"
                                     : "MCP-Protocol-Version: is not what _meta says");
    if (wanted != kModern) throw unsupportedVersion(wanted);
    if (header("Mcp-Method") != message.method) throw mismatch("Mcp-Method: is not the method of the body");
    const auto* named = namedBy(message.method);
    if (!named) return;
    const auto name = decodedHeader(header("Mcp-Name"));
    const auto* value = message.params.if_contains(named);
    if (!name || !value || !value->is_string() || *name != std::string_view(value->get_string()))
        throw mismatch("Mcp-Name: is not the " + std::string(named) + " of the body");
}

} // namespace talome::mcp

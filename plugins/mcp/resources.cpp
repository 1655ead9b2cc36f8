// resources/list, resources/templates/list, resources/read, and subscriptions to single ones.
#include "server.hpp"

#include "protocol/base64.hpp"

#include <algorithm>

namespace json = boost::json;

namespace talome::mcp {

namespace {

constexpr std::size_t kMostSubscriptions = 100; // of one client

/// What clients are told of one; of templates or of those that are whole.
std::vector<std::string> described(json::array all, bool templates) {
    std::vector<std::string> some;
    for (auto& each : all) {
        auto& entry = each.as_object();
        const char* key = templates ? "uriTemplate" : "uri";
        if (!entry.contains(key)) continue;
        some.push_back(json::serialize(json::object{{key, std::move(entry[key])},
                                                    {"name", std::move(entry["name"])},
                                                    {"description", std::move(entry["description"])},
                                                    {"mimeType", std::move(entry["mimeType"])}}));
    }
    return some;
}

bool isText(std::string_view media) {
    return media.starts_with("text/") || media == "application/json" || media.ends_with("+json") ||
           media.ends_with("+xml");
}

} // namespace

std::string Server::resourcesList(Request& request) {
    return page(request, "resources", described(listed(request, Offer::resource), false));
}

std::string Server::templatesList(Request& request) {
    return page(request, "resourceTemplates", described(listed(request, Offer::resource), true));
}

std::string Server::resourcesRead(Request& request) {
    const auto uri = textOf(request.params(), "uri");
    Conversation conversation(request, states_, "resources/read\n" + request.owner + "\n" + uri,
                              host_.nowMs());
    std::string result;
    const auto answer = callOffer(request, conversation, Offer::resource, uri, "{}", {}, result);
    if (!answer) return result;
    const json::object data{{"uri", uri}};
    if (!answer->known || answer->status == TALOME_E_NOT_FOUND)
        throw RpcError(request.modern ? kInvalidParams : kResourceNotFound, "Resource not found: " + uri, data);
    if (answer->status < 0)
        throw RpcError(answer->status == TALOME_E_INVALID ? kInvalidParams : kInternalError, answer->words, data);
    const auto media = answer->type.substr(0, answer->type.find(';'));
    json::object contents{{"uri", uri}, {"mimeType", media}};
    if (isText(media))
        contents["text"] = answer->output;
    else
        contents["blob"] = toBase64(answer->output);
    return R"("contents":[)" + json::serialize(contents) + "]";
}

/// Nothing if the caller has no such resource.
std::optional<std::vector<std::string>> Server::topicsOf(const Call& call, std::string_view uri) {
    const auto all = detail::parse(offers_.list(call, Offer::resource)).as_array();
    const auto parts = [](std::string_view text) { return std::ranges::count(text, '/'); };
    for (const auto& each : all) {
        const auto& entry = each.as_object();
        const auto* whole = entry.if_contains("uri");
        const auto* pattern = entry.if_contains("uriTemplate");
        bool fits = whole && *whole == json::string(uri);
        if (pattern) {
            const std::string_view text = pattern->get_string();
            fits = text.substr(0, text.find('{')) == uri.substr(0, text.find('{')) && parts(text) == parts(uri);
        }
        if (!fits) continue;
        std::vector<std::string> topics;
        if (const auto* list = entry.if_contains("topics"))
            for (const auto& topic : list->as_array()) topics.emplace_back(topic.as_string());
        return topics;
    }
    return std::nullopt;
}

std::string Server::subscribe(Request& request) {
    const auto uri = textOf(request.params(), "uri");
    auto topics = topicsOf(request.call, uri);
    if (!topics) throw RpcError(kResourceNotFound, "Resource not found: " + uri, json::object{{"uri", uri}});
    if (!request.session) return {}; // a client without a session has nowhere to be told
    const std::lock_guard lock(request.session->mutex);
    if (request.session->subscriptions.size() >= kMostSubscriptions) throw Limited("100 resources are watched already");
    request.session->subscriptions.insert_or_assign(uri, std::move(*topics));
    watched_ = true;
    return {};
}

std::string Server::unsubscribe(Request& request) {
    const auto uri = textOf(request.params(), "uri");
    if (!request.session) return {};
    const std::lock_guard lock(request.session->mutex);
    request.session->subscriptions.erase(uri);
    return {};
}

} // namespace talome::mcp

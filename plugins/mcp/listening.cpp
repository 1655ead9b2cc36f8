// What clients are told without having asked at that moment: that lists have changed, that a resource has.
#include "server.hpp"

#include <algorithm>

namespace json = boost::json;

namespace talome::mcp {

namespace {

constexpr std::size_t kMostListeners = 500;

bool matches(std::string_view pattern, std::string_view topic) {
    if (!pattern.ends_with('*')) return pattern == topic;
    return topic.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool concerns(const std::vector<std::string>& patterns, std::string_view topic) {
    return std::ranges::any_of(patterns, [&](const auto& each) { return matches(each, topic); });
}

bool isTrue(const json::object* object, std::string_view name) {
    const auto* value = object ? object->if_contains(name) : nullptr;
    return value && value->is_bool() && value->get_bool();
}

json::object taggedWith(const json::value& subscription, json::object params = {}) {
    params["_meta"] = json::object{{kMetaSubscription, subscription}};
    return params;
}

struct Change {
    bool happened;
    std::string_view method;
};

} // namespace

/// Of the older revisions: what has no request of its own comes by this stream.
void Server::get(Call& call, Exchange& exchange) {
    authenticate(call, exchange);
    checkOrigin(exchange);
    const auto version = exchange.header("MCP-Protocol-Version");
    const auto id = exchange.header("Mcp-Session-Id");
    if ((!version.empty() && !isLegacy(version)) || id.empty()) {
        exchange.begin(405, {{"Allow", "POST"}}, 0);
        return;
    }
    const auto session = sessions_.find(id, ownerOf(call), host_.nowMs());
    if (!session) throw NotFound("this session is over, or never was: initialize anew");
    const std::lock_guard lock(session->mutex);
    session->stream = exchange.openStream("text/event-stream", {}); // one that was open before is closed
}

void Server::remove(Call& call, Exchange& exchange) {
    authenticate(call, exchange);
    checkOrigin(exchange);
    const auto version = exchange.header("MCP-Protocol-Version");
    const auto id = exchange.header("Mcp-Session-Id");
    if ((!version.empty() && !isLegacy(version)) || id.empty()) {
        exchange.begin(405, {{"Allow", "POST"}}, 0);
        return;
    }
    if (!sessions_.remove(id, ownerOf(call))) throw NotFound("this session is over, or never was");
    exchange.begin(204, {}, 0);
}

/// subscriptions/listen, of the newest revision.
void Server::listen(Request& request, Exchange& exchange) {
    const auto* wanted = objectOf(request.params(), "notifications");
    if (!wanted) throw RpcError(kInvalidParams, "notifications: is missing");
    auto listener = std::make_shared<Listener>();
    listener->subscription = request.message.id;
    listener->tools = isTrue(wanted, "toolsListChanged");
    listener->prompts = isTrue(wanted, "promptsListChanged");
    listener->resources = isTrue(wanted, "resourcesListChanged");
    json::object granted;
    for (const auto& [name, on] :
         {std::pair{"toolsListChanged", listener->tools}, std::pair{"promptsListChanged", listener->prompts},
          std::pair{"resourcesListChanged", listener->resources}})
        if (on) granted[name] = true;
    if (const auto* uris = wanted->if_contains("resourceSubscriptions"); uris && uris->is_array()) {
        json::array known;
        for (const auto& uri : uris->get_array()) {
            if (!uri.is_string() || known.size() >= 100) continue;
            if (auto topics = topicsOf(request.call, uri.get_string())) {
                listener->updates.emplace(uri.get_string(), std::move(*topics));
                known.push_back(uri);
            }
        }
        granted["resourceSubscriptions"] = std::move(known);
    }
    const std::lock_guard lock(mutex_); // whoever tells something waits until it is among the others
    if (listeners_.size() >= kMostListeners) throw Unavailable("too many clients are listening");
    const auto number = ++lastListener_;
    listener->stream = exchange.openStream("text/event-stream", {.onEnded = [this, number](Ended) {
                                               std::shared_ptr<Listener> last; // let go outside of the lock
                                               const std::lock_guard again(mutex_);
                                               const auto it = listeners_.find(number);
                                               if (it == listeners_.end()) return;
                                               last = std::move(it->second);
                                               listeners_.erase(it);
                                           }});
    if (!listener->updates.empty()) watched_ = true;
    listener->stream.event(notificationText("notifications/subscriptions/acknowledged",
                                            taggedWith(listener->subscription, {{"notifications", granted}})),
                           "message");
    listeners_.emplace(number, std::move(listener));
}

void Server::listsChanged(bool tools, bool resources, bool prompts) {
    const Change changes[] = {{tools, "notifications/tools/list_changed"},
                              {resources, "notifications/resources/list_changed"},
                              {prompts, "notifications/prompts/list_changed"}};
    for (const auto& session : sessions_.all()) {
        const std::lock_guard lock(session->mutex);
        if (!session->stream) continue;
        for (const auto& change : changes)
            if (change.happened) session->stream.event(notificationText(change.method, {}), "message");
    }
    const std::lock_guard lock(mutex_);
    for (const auto& [number, listener] : listeners_) {
        const bool wanted[] = {listener->tools, listener->resources, listener->prompts};
        for (std::size_t i = 0; i < std::size(changes); ++i)
            if (changes[i].happened && wanted[i])
                listener->stream.event(notificationText(changes[i].method, taggedWith(listener->subscription)),
                                       "message");
    }
}

/// Something was published: who watches a resource that it may have changed is told.
void Server::happened(std::string_view topic) {
    if (!watched_) return;
    bool any = false;
    for (const auto& session : sessions_.all()) {
        const std::lock_guard lock(session->mutex);
        for (const auto& [uri, patterns] : session->subscriptions) {
            any = true;
            if (session->stream && concerns(patterns, topic))
                session->stream.event(notificationText("notifications/resources/updated", {{"uri", uri}}), "message");
        }
    }
    const std::lock_guard lock(mutex_);
    for (const auto& [number, listener] : listeners_)
        for (const auto& [uri, patterns] : listener->updates) {
            any = true;
            if (concerns(patterns, topic))
                listener->stream.event(notificationText("notifications/resources/updated",
                                                        taggedWith(listener->subscription, {{"uri", uri}})),
                                       "message");
        }
    if (!any) watched_ = false; // the next subscription says so again
}

void Server::close() {
    sessions_.clear();
    std::map<std::uint64_t, std::shared_ptr<Listener>> last;
    const std::lock_guard lock(mutex_);
    last.swap(listeners_);
}

} // namespace talome::mcp

// The checks of what http.h declares: raw routes, uploads, event streams, WebSockets and listeners.
#include "fields.hpp"
#include "fit.hpp"
#include "names.hpp"
#include "recorder.hpp"
#include "recorder_offers.hpp"
#include "schema_check.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace talome::manifest {

namespace {

constexpr std::uint64_t kKiB = 1024, kMiB = kKiB << 10, kGiB = kMiB << 10;
constexpr const char* kNoInput = R"({"type":"object","properties":{},"additionalProperties":false})";

/// What all of them have; `tier` stays as it is.
template <class T> Operation begin(const T& from, const char* what, const char* inputSchema) {
    Operation to;
    to.id = nameOf(from.id, isOperationId, what);
    to.summary = summaryOf(from.summary, to.id);
    to.permission = permissionOf(from.permission, to.id + ".permission");
    to.input = readInputSchema(inputSchema, to.id + ".input");
    return to;
}

Route routeTo(const std::string& method, const char* path, const char* listener, const boost::json::value& input,
              const std::string& where) {
    Route route;
    route.method = method;
    route.path = pathOf(path, route, input, where + ".path");
    route.listener = listenerOf(listener, where);
    return route;
}

Source sourceOf(const talome_event_source* given, const std::string& where) {
    const talome_event_source from = fit(given, where.c_str());
    Source to{orEmpty(from.pattern), std::nullopt};
    if (!isTopicPattern(to.pattern)) throw Invalid(where + ".pattern", "expected a topic, or a prefix and *");
    if (!from.event) return to;
    to.event = from.event;
    const auto fits = [](char c) { return c > ' ' && c < 127; };
    if (to.event->empty() || to.event->size() > 64 || !std::ranges::all_of(*to.event, fits))
        throw Invalid(where + ".event", "expected up to 64 letters, digits and signs");
    return to;
}

Route placeOf(const talome_place* given, const boost::json::value& input, const std::string& where) {
    const talome_place from = fit(given, where.c_str());
    return routeTo("GET", from.path, from.listener, input, where);
}

void requireList(std::uint32_t n, bool set, const std::string& where, const char* of) {
    if (n == 0 || !set) throw Invalid(where, std::string("has no ") + of);
    if (n > kMaxList) throw Invalid(where, std::string("has more than 32 ") + of + "s");
}

bool isAddress(const std::string& text) {
    unsigned char address[sizeof(in6_addr)];
    return inet_pton(AF_INET, text.c_str(), address) == 1 || inet_pton(AF_INET6, text.c_str(), address) == 1;
}

} // namespace

Operation record(const talome_raw_route* given) {
    const talome_raw_route from = fit(given, "raw route");
    Operation to = begin(from, "raw route", from.input_schema);
    to.kind = Kind::raw;
    to.tier = tierOf(from.tier, to.id);
    to.routes.push_back(routeTo(methodOf(from.method, to.id + ".method"), from.path, from.listener, to.input, to.id));
    to.maxBody = from.max_body;
    requireKnown(from.flags, TALOME_PASSES_ON, to.id);
    if (from.flags & TALOME_PASSES_ON) to.passesOn = passesOnOf(to);
    requireFunction(from.handle, to.id);
    return to;
}

Operation record(const talome_upload_route* given) {
    const talome_upload_route from = whole(given);
    Operation to = begin(from, "upload", from.input_schema);
    to.kind = Kind::upload;
    to.tier = tierOf(from.tier, to.id);
    requireKnown(from.flags, TALOME_UPLOAD_SHA256, to.id);
    const std::string method = methodOf(from.method, to.id + ".method");
    if (method != "POST" && method != "PUT") throw Invalid(to.id + ".method", "expected POST or PUT");
    to.routes.push_back(routeTo(method, from.path, nullptr, to.input, to.id));
    to.routes.back().success = successOf(from.success, to.id);
    if (from.output_schema) to.output = readSchema(from.output_schema, to.id + ".output");
    to.outputType = "application/json";
    to.maxBody = from.max_body;
    requireFunction(from.place && from.done, to.id);
    return to;
}

Operation record(const talome_event_stream* given) {
    const talome_event_stream from = whole(given);
    Operation to = begin(from, "event stream", kNoInput);
    to.kind = Kind::events;
    to.tier = Tier::read;
    requireKnown(from.flags, TALOME_STREAM_LAST, to.id);
    to.routes.push_back(routeTo("GET", from.path, nullptr, to.input, to.id));
    to.outputType = "text/event-stream";
    requireList(from.n_sources, from.sources, to.id, "source");
    for (std::uint32_t i = 0; i < from.n_sources; ++i)
        to.sources.push_back(sourceOf(from.sources[i], to.id + ".sources[" + std::to_string(i) + "]"));
    return to;
}

Operation record(const talome_websocket* given) {
    const talome_websocket from = whole(given);
    Operation to = begin(from, "WebSocket", from.input_schema);
    to.kind = Kind::websocket;
    to.tier = tierOf(from.tier, to.id);
    requireKnown(from.flags, TALOME_WS_DEFLATE | TALOME_WS_FIRST_MESSAGE, to.id);
    requireList(from.n_places, from.places, to.id, "place");
    for (std::uint32_t i = 0; i < from.n_places; ++i) {
        const std::string where = to.id + ".places[" + std::to_string(i) + "]";
        Route route = placeOf(from.places[i], to.input, where);
        if (std::ranges::find(to.routes, route) != to.routes.end()) throw Invalid(where, "is there twice");
        to.routes.push_back(std::move(route));
    }
    to.protocols = tokensOf(from.protocols, to.id + ".protocols");
    requireFunction(from.open && from.message && from.closed, to.id);
    return to;
}

Listener record(const talome_listener* given) {
    const talome_listener from = fit(given, "listener");
    Listener to;
    to.id = nameOf(from.id, isPluginId, "listener");
    to.summary = summaryOf(from.summary, to.id);
    to.host = orEmpty(from.host);
    if (!isAddress(to.host)) throw Invalid(to.id + ".host", "expected a network address, as 127.0.0.1");
    to.port = from.port;
    if (to.port > 65535) throw Invalid(to.id + ".port", "expected 0 to 65535");
    to.portVariable = variableOf(from.port_variable, to.id + ".port_variable");
    to.hostVariable = variableOf(from.host_variable, to.id + ".host_variable");
    return to;
}

void checkListeners(const std::vector<Operation>& operations, const std::vector<Listener>& listeners) {
    for (const Operation& operation : operations)
        for (const Route& route : operation.routes)
            if (route.listener && std::ranges::find(listeners, *route.listener, &Listener::id) == listeners.end())
                throw Invalid(operation.id, "there is no listener \"" + *route.listener + "\"");
}

talome_raw_route whole(const talome_raw_route* given) { return fit(given, "raw route"); }

talome_upload_route whole(const talome_upload_route* given) {
    talome_upload_route route = fit(given, "upload");
    if (!route.success) route.success = 200;
    if (!route.max_body) route.max_body = 50 * kGiB;
    if (!route.max_files) route.max_files = 100;
    return route;
}

talome_event_stream whole(const talome_event_stream* given) {
    talome_event_stream stream = fit(given, "event stream");
    if (!stream.replay) stream.replay = 64;
    return stream;
}

talome_websocket whole(const talome_websocket* given) {
    talome_websocket socket = fit(given, "WebSocket");
    if (!socket.max_message) socket.max_message = kMiB;
    if (!socket.max_queued) socket.max_queued = kMiB;
    return socket;
}

talome_upload_target whole(const talome_upload_target* given) { return fit(given, "upload target"); }
talome_file whole(const talome_file* given) { return fit(given, "file"); }

talome_stream whole(const talome_stream* given) {
    talome_stream stream = fit(given, "stream");
    if (!stream.max_queued) stream.max_queued = 256 * kKiB;
    return stream;
}

} // namespace talome::manifest

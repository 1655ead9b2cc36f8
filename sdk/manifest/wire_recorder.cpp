// The checks of what is declared in talome.http beyond raw routes.
#include "checks.hpp"
#include "names.hpp"
#include "recorder.hpp"
#include "schema_check.hpp"

namespace talome::manifest {

using namespace checks;

namespace {

constexpr std::uint64_t kUploadBody = std::uint64_t{50} << 30;
constexpr const char* kNoInput = R"({"type":"object","properties":{},"additionalProperties":false})";

template <class T> Operation begin(const T& from, const char* what, Kind kind) {
    Operation to;
    to.id = nameOf(from.id, isOperationId, what);
    to.summary = summaryOf(from.summary, to.id);
    to.permission = permissionOf(from.permission, to.id + ".permission");
    to.kind = kind;
    return to;
}

void refuseUnknownFlags(std::uint32_t flags, std::uint32_t known, const std::string& where) {
    if (flags & ~known) throw Invalid(where + ".flags", "has an unknown bit");
}

void addRoute(Operation& to, const char* method, const char* path, const char* listener, int success = 200) {
    const talome_route route{sizeof route, success, method, path, nullptr};
    to.routes.push_back(routeOf(&route, to.input, to.id));
    to.routes.back().listener = listenerOf(listener, to.id + ".listener");
}

/// Sub-protocols are tokens (RFC 6455, 4.1).
void checkProtocols(const char* text, const std::string& where) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    std::string_view rest = text;
    for (bool more = true; more;) {
        const auto comma = rest.find(',');
        const auto word = rest.substr(0, comma);
        more = comma != rest.npos;
        if (more) rest.remove_prefix(comma + 1);
        const bool token = !word.empty() && std::ranges::all_of(word, [&](char c) {
            return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || marks.find(c) != marks.npos;
        });
        if (!token) throw Invalid(where, "expected tokens between commas, and not \"" + std::string(word) + "\"");
    }
}

} // namespace

bool isTopicPattern(std::string_view topic) {
    if (topic.ends_with(".*")) topic.remove_suffix(2);
    return topic == "*" || isOperationId(topic) || isPluginId(topic);
}

Operation record(const talome_upload_route* given) {
    const auto from = fit(given, "upload");
    auto to = begin(from, "upload", Kind::upload);
    to.tier = tierOf(from.tier, to.id);
    if (to.tier == Tier::read) throw Invalid(to.id + ".tier", "an upload changes something");
    refuseUnknownFlags(from.flags, TALOME_UPLOAD_SHA256, to.id);
    to.input = readInputSchema(from.input_schema, to.id + ".input");
    if (from.output_schema) to.output = readSchema(from.output_schema, to.id + ".output");
    to.outputType = "application/json";
    addRoute(to, from.method, from.path, nullptr, from.success);
    if (to.routes[0].method != "POST" && to.routes[0].method != "PUT")
        throw Invalid(to.id + ".method", "expected POST or PUT");
    to.maxBody = from.max_body ? from.max_body : kUploadBody;
    requireFunction(from.place && from.done, to.id);
    return to;
}

Operation record(const talome_event_stream* given) {
    const auto from = fit(given, "event stream");
    auto to = begin(from, "event stream", Kind::events);
    to.tier = Tier::read;
    refuseUnknownFlags(from.flags, TALOME_STREAM_LAST, to.id);
    to.input = readInputSchema(kNoInput, to.id + ".input");
    to.outputType = "text/event-stream";
    addRoute(to, "GET", from.path, nullptr);
    if (from.n_sources == 0 || !from.sources) throw Invalid(to.id + ".sources", "has none");
    if (from.n_sources > 64) throw Invalid(to.id + ".sources", "has more than 64");
    if (from.replay > 10'000) throw Invalid(to.id + ".replay", "expected 10000 events at most");
    for (std::uint32_t i = 0; i < from.n_sources; ++i) {
        const auto where = to.id + ".sources[" + std::to_string(i) + "]";
        const auto source = fit(from.sources[i], where.c_str());
        Source made{orEmpty(source.pattern), std::nullopt};
        if (!isTopicPattern(made.pattern)) throw Invalid(where, "expected a topic, or a prefix and *");
        if (source.event) {
            made.event = source.event;
            const bool plain = !made.event->empty() && made.event->size() <= 64 &&
                               std::ranges::all_of(*made.event, [](char c) { return c > ' ' && c < 127; });
            if (!plain) throw Invalid(where + ".event", "expected up to 64 characters without blanks");
        }
        to.sources.push_back(std::move(made));
    }
    return to;
}

Operation record(const talome_websocket* given) {
    const auto from = fit(given, "websocket");
    auto to = begin(from, "websocket", Kind::websocket);
    to.tier = tierOf(from.tier, to.id);
    refuseUnknownFlags(from.flags, TALOME_WS_DEFLATE | TALOME_WS_FIRST_MESSAGE, to.id);
    to.input = readInputSchema(from.input_schema, to.id + ".input");
    if (from.n_places == 0 || !from.places) throw Invalid(to.id + ".places", "has none");
    if (from.n_places > 8) throw Invalid(to.id + ".places", "has more than 8");
    for (std::uint32_t i = 0; i < from.n_places; ++i) {
        const auto place = fit(from.places[i], (to.id + ".places[" + std::to_string(i) + "]").c_str());
        addRoute(to, "GET", place.path, place.listener);
    }
    if (from.protocols) checkProtocols(from.protocols, to.id + ".protocols");
    requireFunction(from.open && from.message, to.id);
    return to;
}

Listener record(const talome_listener* given) {
    const auto from = fit(given, "listener");
    Listener to;
    to.id = nameOf(from.id, isPluginId, "listener");
    to.summary = summaryOf(from.summary, to.id);
    if (from.port > 65535) throw Invalid(to.id + ".port", "expected 0 to 65535");
    to.port = from.port;
    to.host = orEmpty(from.host);
    if (to.host.empty()) throw Invalid(to.id + ".host", "is required");
    if (from.port_variable) to.portVariable = from.port_variable;
    if (from.host_variable) to.hostVariable = from.host_variable;
    return to;
}

talome_upload_route whole(const talome_upload_route* given) { return fit(given, "upload"); }
talome_event_stream whole(const talome_event_stream* given) { return fit(given, "event stream"); }
talome_websocket whole(const talome_websocket* given) { return fit(given, "websocket"); }
talome_file whole(const talome_file* given) { return fit(given, "file"); }
talome_stream whole(const talome_stream* given) { return fit(given, "stream"); }
talome_upload_target whole(const talome_upload_target* given) { return fit(given, "target"); }

} // namespace talome::manifest

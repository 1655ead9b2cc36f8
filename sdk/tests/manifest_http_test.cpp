// What is recorded of the declarations of http.h, and what is refused.
#include "../manifest/describe.hpp"
#include "../manifest/names.hpp"
#include "../manifest/recorder.hpp"

#include <talome/plugin.hpp>

#include <doctest/doctest.h>

using namespace talome::manifest;

namespace {

constexpr const char* kInput = R"({"type":"object","properties":{"id":{"type":"string"}},"required":["id"]})";

/// Declarations that are right, for each test to spoil.
struct Given {
    talome_raw_route raw{sizeof raw,
                         TALOME_TIER_READ,
                         "boxes.show",
                         "Shows",
                         "session",
                         "GET",
                         "/api/boxes/{id}",
                         kInput,
                         0,
                         [](void*, talome_call*, talome_bytes, talome_exchange*) noexcept { return talome_status{0}; },
                         nullptr,
                         nullptr,
                         0,
                         0};
    talome_upload_route upload{};
    talome_event_source source{sizeof source, 0, "boxes.*", "box"}, second{sizeof second, 0, "boxes.opened", nullptr};
    const talome_event_source* sources[2] = {&source, &second};
    talome_event_stream stream{sizeof stream, TALOME_STREAM_LAST, "boxes.stream",   "Boxes",
                               "session",     "/api/boxes",       std::uint32_t{2}, 0,
                               sources};
    talome_place place{sizeof place, 0, nullptr, "/api/boxes/{id}/ws"}, other{sizeof other, 0, "ws", "/{id}"};
    const talome_place* places[2] = {&place, &other};
    talome_websocket socket{};
    talome_listener listener{sizeof listener, 4001, "ws", "For boxes", "127.0.0.1", "BOX_PORT", nullptr};

    Given() {
        upload.struct_size = sizeof upload;
        upload.flags = TALOME_UPLOAD_SHA256;
        upload.tier = TALOME_TIER_MODIFY;
        upload.id = "boxes.fill";
        upload.summary = "Fills a box";
        upload.permission = "files";
        upload.method = "POST";
        upload.path = "/api/boxes/{id}";
        upload.input_schema = kInput;
        upload.output_schema = "{}";
        upload.place = [](void*, talome_call*, talome_bytes, const talome_upload_part*,
                          talome_upload_target*) noexcept { return talome_status{0}; };
        upload.done = [](void*, talome_call*, talome_bytes, const talome_upload*, talome_sink, void*) noexcept {
            return talome_status{0};
        };
        socket.struct_size = sizeof socket;
        socket.flags = TALOME_WS_DEFLATE;
        socket.tier = TALOME_TIER_MODIFY;
        socket.n_places = 2;
        socket.id = "boxes.attach";
        socket.summary = "Attaches to a box";
        socket.permission = "admin";
        socket.input_schema = kInput;
        socket.places = places;
        socket.protocols = "box.v2,box.v1";
        socket.open = [](void*, talome_call*, talome_bytes, talome_bytes, std::uint64_t) noexcept {
            return talome_status{0};
        };
        socket.message = [](void*, std::uint64_t, std::int32_t, talome_bytes) noexcept {};
        socket.closed = [](void*, std::uint64_t, std::int32_t, std::int32_t, talome_str) noexcept {};
    }
};

template <class T> std::string refusal(const T& given) {
    try {
        record(&given);
        return "it was recorded";
    } catch (const talome::Invalid& invalid) {
        return invalid.what();
    }
}

} // namespace

TEST_CASE("the kinds of http.h are recorded with what is left to defaults") {
    Given given;
    given.raw.listener = "ws";
    const Operation raw = record(&given.raw);
    CHECK(raw.kind == Kind::raw);
    CHECK(raw.routes == std::vector<Route>{{"GET", "/api/boxes/{id}", 200, {}, "ws"}});

    const Operation upload = record(&given.upload);
    CHECK(upload.kind == Kind::upload);
    CHECK(upload.tier == Tier::modify);
    CHECK(upload.output);
    CHECK(upload.outputType == "application/json");
    CHECK(upload.maxBody == std::uint64_t{50} << 30);
    CHECK(whole(&given.upload).max_files == 100);
    given.upload.success = 201;
    CHECK(record(&given.upload).routes == std::vector<Route>{{"POST", "/api/boxes/{id}", 201, {}, {}}});

    const Operation stream = record(&given.stream);
    CHECK(stream.kind == Kind::events);
    CHECK(stream.tier == Tier::read);
    CHECK(stream.outputType == "text/event-stream");
    CHECK(stream.routes == std::vector<Route>{{"GET", "/api/boxes", 200, {}, {}}});
    CHECK(stream.sources == std::vector<Source>{{"boxes.*", "box"}, {"boxes.opened", {}}});
    CHECK(whole(&given.stream).replay == 64);

    const Operation socket = record(&given.socket);
    CHECK(socket.kind == Kind::websocket);
    CHECK(socket.tier == Tier::modify);
    CHECK(socket.routes ==
          std::vector<Route>{{"GET", "/api/boxes/{id}/ws", 200, {}, {}}, {"GET", "/{id}", 200, {}, "ws"}});
    CHECK(socket.protocols == std::vector<std::string>{"box.v2", "box.v1"});
    CHECK(whole(&given.socket).max_message == 1048576);
    CHECK(whole(&given.socket).max_queued == 1048576);

    CHECK(record(&given.listener) == Listener{"ws", "For boxes", "127.0.0.1", 4001, "BOX_PORT", {}});
}

TEST_CASE("what is wrong with a raw route, an upload, an event stream, a WebSocket or a listener is named") {
    using Spoil = std::string (*)(Given&);
    const std::pair<Spoil, const char*> cases[] = {
        {[](Given& g) { return g.raw.listener = "Web Socket", refusal(g.raw); },
         "boxes.show.listener: \"Web Socket\" is not a name that it can have"},
        {[](Given& g) { return g.raw.handle = nullptr, refusal(g.raw); }, "boxes.show: has no function to call"},
        {[](Given& g) { return g.upload.method = "GET", refusal(g.upload); },
         "boxes.fill.method: expected POST or PUT"},
        {[](Given& g) { return g.upload.flags = 2, refusal(g.upload); }, "boxes.fill.flags: has an unknown bit"},
        {[](Given& g) { return g.upload.place = nullptr, refusal(g.upload); }, "boxes.fill: has no function to call"},
        {[](Given& g) { return g.upload.done = nullptr, refusal(g.upload); }, "boxes.fill: has no function to call"},
        {[](Given& g) { return g.upload.success = 301, refusal(g.upload); }, "boxes.fill.success: expected 200 to 299"},
        {[](Given& g) { return g.upload.output_schema = "7", refusal(g.upload); },
         "boxes.fill.output: expected a schema"},
        {[](Given& g) { return g.stream.path = "/api/{id}", refusal(g.stream); },
         "boxes.stream.path: there is no input \"id\""},
        {[](Given& g) { return g.stream.flags = 2, refusal(g.stream); }, "boxes.stream.flags: has an unknown bit"},
        {[](Given& g) { return g.stream.n_sources = 0, refusal(g.stream); }, "boxes.stream: has no source"},
        {[](Given& g) { return g.stream.sources = nullptr, refusal(g.stream); }, "boxes.stream: has no source"},
        {[](Given& g) { return g.stream.n_sources = 33, refusal(g.stream); }, "boxes.stream: has more than 32 sources"},
        {[](Given& g) { return g.source.pattern = "boxes*", refusal(g.stream); },
         "boxes.stream.sources[0].pattern: expected a topic, or a prefix and *"},
        {[](Given& g) { return g.second.event = "a b", refusal(g.stream); },
         "boxes.stream.sources[1].event: expected up to 64 letters, digits and signs"},
        {[](Given& g) { return g.source.struct_size = 1, refusal(g.stream); },
         "boxes.stream.sources[0]: has the impossible struct_size 1"},
        {[](Given& g) { return g.socket.n_places = 0, refusal(g.socket); }, "boxes.attach: has no place"},
        {[](Given& g) { return g.other.path = "ws", refusal(g.socket); },
         "boxes.attach.places[1].path: expected a path that begins with /"},
        {[](Given& g) { return g.places[1] = &g.place, refusal(g.socket); }, "boxes.attach.places[1]: is there twice"},
        {[](Given& g) { return g.socket.flags = 4, refusal(g.socket); }, "boxes.attach.flags: has an unknown bit"},
        {[](Given& g) { return g.socket.open = nullptr, refusal(g.socket); }, "boxes.attach: has no function to call"},
        {[](Given& g) { return g.socket.message = nullptr, refusal(g.socket); },
         "boxes.attach: has no function to call"},
        {[](Given& g) { return g.socket.closed = nullptr, refusal(g.socket); },
         "boxes.attach: has no function to call"},
        {[](Given& g) { return g.socket.protocols = "a, b", refusal(g.socket); },
         "boxes.attach.protocols: \" b\" is not a token"},
        {[](Given& g) { return g.socket.protocols = "", refusal(g.socket); },
         "boxes.attach.protocols: \"\" is not a token"},
        {[](Given& g) { return g.socket.protocols = "a,a", refusal(g.socket); }, "boxes.attach.protocols: has a twice"},
        {[](Given& g) { return g.listener.id = "WS", refusal(g.listener); },
         "listener: \"WS\" is not a name that it can have"},
        {[](Given& g) { return g.listener.host = "localhost", refusal(g.listener); },
         "ws.host: expected a network address, as 127.0.0.1"},
        {[](Given& g) { return g.listener.port = 65536, refusal(g.listener); }, "ws.port: expected 0 to 65535"},
        {[](Given& g) { return g.listener.port_variable = "box port", refusal(g.listener); },
         "ws.port_variable: expected the name of an environment variable"},
        {[](Given& g) { return g.listener.host_variable = "", refusal(g.listener); },
         "ws.host_variable: expected the name of an environment variable"},
    };
    for (const auto& [spoil, words] : cases) {
        Given given;
        CHECK(spoil(given) == words);
    }
}

TEST_CASE("what a handler gives is read whatever its size") {
    talome_file earlier{};
    earlier.struct_size = offsetof(talome_file, name);
    earlier.fd = 5;
    earlier.name = {"beyond its end", 14};
    CHECK(whole(&earlier).fd == 5);
    CHECK(whole(&earlier).name.n == 0);
    struct Later {
        talome_stream known;
        std::uint64_t added = 0;
    } later{};
    later.known.struct_size = sizeof later;
    CHECK(whole(&later.known).max_queued == 262144);
    later.added = 1;
    CHECK_THROWS_WITH(whole(&later.known), "stream: uses fields that this host does not know");
}

TEST_CASE("topic patterns") {
    for (const char* good : {"*", "boxes.*", "boxes.lid.*", "boxes.lid"}) CHECK(isTopicPattern(good));
    for (const char* bad : {"", "boxes", "boxes*", ".*", "boxes.", "*.boxes", "boxes.*.lid", "c-boxes.*"})
        CHECK_FALSE(isTopicPattern(bad));
}

TEST_CASE("routes of a listener claim nothing of the server's URL space") {
    Operation a;
    a.routes = {{"GET", "/api/boxes", 200, {}, {}}, {"GET", "/ws", 200, {}, "ws"}};
    CHECK(prefixesOf({a}) == std::vector<std::string>{"/api/boxes"});
}

namespace {

using Declare = talome_status (*)(const talome_host*, talome_self*);

/// A plugin whose create() is this function.
template <Declare How> std::string described() {
    talome_plugin plugin{};
    plugin.struct_size = sizeof plugin;
    plugin.abi = TALOME_ABI;
    plugin.id = "boxes";
    plugin.version = "1.0.0";
    plugin.summary = "Boxes.";
    plugin.create = [](const talome_host* host, talome_self* self, void**) noexcept -> talome_status {
        if (!host->extension(self, TALOME_HTTP) || !host->extension(self, TALOME_EVENTS)) return TALOME_E_UNSUPPORTED;
        return How(host, self);
    };
    plugin.destroy = [](void*) noexcept {};
    try {
        return toText(describe(&plugin, "boxes"));
    } catch (const talome::Error& error) {
        return error.what();
    }
}

const talome_http& http(const talome_host* host, talome_self* self) {
    return *static_cast<const talome_http*>(host->extension(self, TALOME_HTTP));
}
const talome_events& events(const talome_host* host, talome_self* self) {
    return *static_cast<const talome_events*>(host->extension(self, TALOME_EVENTS));
}
constexpr talome_on_audience kOnAudience = [](void*, talome_str, std::int32_t) noexcept {};

talome_status everything(const talome_host* host, talome_self* self) {
    Given given;
    given.raw.id = "boxes.elsewhere"; // the path of another route, on another port
    given.raw.path = "/api/boxes";
    given.raw.listener = "ws";
    const talome_topic topic{sizeof topic, 0, "boxes.opened", "A box", nullptr, "session"};
    if (http(host, self).route(self, &given.raw) < 0 || http(host, self).upload(self, &given.upload) < 0 ||
        http(host, self).event_stream(self, &given.stream) < 0 || http(host, self).websocket(self, &given.socket) < 0 ||
        http(host, self).listener(self, &given.listener) < 0 || events(host, self).declare(self, &topic) < 0)
        return TALOME_E_INVALID;
    return events(host, self).on_audience(self, "boxes.opened", kOnAudience, nullptr);
}

talome_status atRunTime(const talome_host* host, talome_self* self) {
    const talome_http& table = http(host, self);
    talome_file file{};
    talome_stream stream{};
    std::uint64_t number = 0;
    table.stream_close(self, 1);
    table.ws_close(self, 1, 1000, {});
    table.ws_pause(self, 1, 1);
    for (const std::int64_t status :
         {std::int64_t{table.file(nullptr, &file)}, std::int64_t{table.stream(self, nullptr, &stream, &number)},
          std::int64_t{table.link(nullptr, 0, 0, {}, 0)}, std::int64_t{table.stream_write(self, 1, {})},
          std::int64_t{table.stream_event(self, 1, {}, {}, {})}, std::int64_t{table.ws_send(self, 1, 1, {})},
          table.queued(self, 1), std::int64_t{events(host, self).publish_to(self, {}, {}, {})}})
        if (status != TALOME_E_UNSUPPORTED) return TALOME_OK;
    return TALOME_E_UNSUPPORTED;
}

talome_status noListener(const talome_host* host, talome_self* self) {
    Given given;
    return http(host, self).websocket(self, &given.socket);
}

talome_status noTopic(const talome_host* host, talome_self* self) {
    return events(host, self).on_audience(self, "boxes.opened", kOnAudience, nullptr);
}

talome_status twoListeners(const talome_host* host, talome_self* self) {
    Given given;
    http(host, self).listener(self, &given.listener);
    return http(host, self).listener(self, &given.listener);
}

} // namespace

TEST_CASE("a manifest of all kinds, to text and back") {
    const std::string text = described<&everything>();
    const Manifest made = fromText(text);
    CHECK(toText(made) == text);
    REQUIRE(made.operations.size() == 4);
    CHECK(made.operations[3].kind == Kind::websocket);
    CHECK(made.operations[3].routes[1].listener == "ws");
    CHECK(made.listeners == std::vector<Listener>{{"ws", "For boxes", "127.0.0.1", 4001, "BOX_PORT", {}}});
    CHECK(made.prefixes == std::vector<std::string>{"/api/boxes"});
}

TEST_CASE("what the recording host does not do, and what it refuses") {
    CHECK(described<&atRunTime>() == "boxes: create() failed without words");
    CHECK(described<&noListener>() == "boxes: boxes.attach: there is no listener \"ws\"");
    CHECK(described<&noTopic>() == "boxes: on_audience: \"boxes.opened\" is not declared");
    CHECK(described<&twoListeners>() == "boxes: ws: is declared twice as a listener");
}

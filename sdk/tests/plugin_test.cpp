// A plugin of the C++ layer, seen from the host's side of the ABI.
#include "fake_host.hpp"
#include "shapes.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using shapes::Port;

namespace {

struct Which {
    std::string what;
    int times = 1;
};
BOOST_DESCRIBE_STRUCT(Which, (), (what, times))

struct Probe : talome::Plugin {
    explicit Probe(talome::Registry& registry) : host(registry.host()) {
        using talome::Tier;
        registry.operation("probe.both", "Call and input", talome::session, Tier::read, this, &Probe::both)
            .route("GET", "/api/probe/{what}", 201, {{"n", "times"}})
            .input("times", "how often", talome::range(1, 3), 2)
            .target("thing", "what");
        registry.operation("probe.input", "Input", talome::flags("apps", "files"), Tier::modify, this, &Probe::input);
        registry.operation("probe.call", "Call", talome::admin, Tier::destructive, this, &Probe::call);
        registry.operation("probe.nothing", "Nothing", talome::anyone, Tier::read, this, &Probe::nothing);
        registry.operation("probe.text", "Text", talome::session, Tier::read, this, &Probe::text).text("text/csv");
        registry.operation("probe.words", "Text as JSON", talome::session, Tier::read, this, &Probe::text);
        registry.operation("probe.json", "JSON", talome::session, Tier::read, this, &Probe::json);
        registry.operation("probe.fail", "Fails", talome::session, Tier::read, this, &Probe::fail);
        registry
            .raw("probe.wire", "Wire", talome::session, Tier::read, "GET", "/api/probe/wire/{what}", this, &Probe::wire)
            .input("times", "how often", 1);
        registry.setting("probe_word", "A word", "hello");
        registry.setting("probe_limit", "A limit", std::optional<int>{});
        registry.onSetting(this, &Probe::changing);
        registry.migration(1, "CREATE TABLE t (a)");
        registry.every(1s, "probe.run", this, &Probe::run);
        registry.topic<Port>("probe.port", "A port", talome::session);
        registry.on("other.*", this, &Probe::hear);
        registry.needs(TALOME_IO);
        wanted = registry.wants("talome.teleport/1");
    }
    std::vector<Port> both(talome::Call& call, const Which& in) {
        return {{call.principal().username + in.what, in.times,
                 call.granted("apps") ? std::optional<std::string>("apps") : std::nullopt}};
    }
    std::map<std::string, int> input(Which in) const { return {{in.what, in.times}}; }
    talome::Json call(talome::Call& call) { return {"\"" + std::string(call.requestId()) + "\""}; }
    void nothing() noexcept {}
    std::string text() { return "a,\"b\"\n"; }
    boost::json::value json() { return {1, nullptr}; }
    void fail(const Which& in) {
        if (in.what == "conflict") throw talome::Conflict("taken");
        if (in.what == "std") throw std::runtime_error("inner words");
        if (in.what == "base") throw talome::Error(TALOME_E_LIMITED, "slow down");
        if (in.what == "positive") throw talome::Error(7, "no failure");
        throw 42;
    }
    void wire(talome::Call&, const Which&, talome::Exchange&) { throw talome::Gone("gone"); }
    void changing(std::string_view key, const boost::json::value& value) {
        if (value == "no") throw talome::Invalid(std::string(key), "not this one");
    }
    void run() { throw talome::Unavailable("later"); }
    void hear(std::string_view topic, const Port& port) { heard = std::string(topic) + port.host; }

    talome::Host host;
    bool wanted = true;
    std::string heard;
};

struct Living {
    FakeHost host;
    talome_plugin plugin = talome::detail::describe<Probe>("probe", "1.0.0", "Probes.");
    void* instance = nullptr;
    Living() { REQUIRE(plugin.create(host.host(), host.self(), &instance) == TALOME_OK); }
    ~Living() { plugin.destroy(instance); }
    Probe& probe() { return talome::detail::Instance<Probe>::of(instance).plugin; }
};

using Answer = std::pair<talome_status, std::string>;

} // namespace

TEST_CASE("every shape of a handler") {
    Living a;
    CHECK(a.host.invoke("probe.both", R"({"what":"x","times":2})") ==
          Answer{0, R"([{"host":"annx","port":2,"protocol":"apps"}])"});
    CHECK(a.host.invoke("probe.input", R"({"what":"x","times":2})") == Answer{0, R"({"x":2})"});
    CHECK(a.host.invoke("probe.call", "{}") == Answer{0, R"("r1")"});
    CHECK(a.host.invoke("probe.nothing", "{}") == Answer{0, R"({"ok":true})"});
    CHECK(a.host.invoke("probe.text", "{}") == Answer{0, "a,\"b\"\n"});
    CHECK(a.host.invoke("probe.words", "{}") == Answer{0, R"("a,\"b\"\n")"});
    CHECK(a.host.invoke("probe.json", "{}") == Answer{0, "[1,null]"});
}

TEST_CASE("what was declared") {
    Living a;
    const auto& both = a.host.operations.at("probe.both");
    CHECK(a.host.routes == "GET /api/probe/{what} 201 n=times;");
    CHECK(std::string_view(both.permission) == "session");
    CHECK(std::string_view(both.target_input) == "what");
    CHECK(both.output_type == nullptr);
    CHECK(std::string_view(a.host.operations.at("probe.input").permission) == "apps,files");
    CHECK(a.host.operations.at("probe.call").tier == TALOME_TIER_DESTRUCTIVE);
    CHECK(a.host.operations.at("probe.text").output_schema == nullptr);
    CHECK(a.host.tasks.at("probe.run").period_ms == 1000);
    CHECK_FALSE(a.probe().wanted);
    CHECK(a.plugin.flags == TALOME_CAN_UNLOAD);
}

TEST_CASE("unexpected input is an error of the caller") {
    Living a;
    CHECK(a.host.invoke("probe.input", R"({"what":1})") == Answer{TALOME_E_INVALID, "what: expected text"});
    CHECK(a.host.invoke("probe.input", R"([1])") == Answer{TALOME_E_INVALID, "expected an object"});
    CHECK(a.host.invoke("probe.input", "").first == TALOME_E_INVALID);
    CHECK(a.host.invoke("probe.input", "\xff{").first == TALOME_E_INVALID);
}

TEST_CASE("no exception crosses: each becomes a status with words") {
    Living a;
    CHECK(a.host.invoke("probe.fail", R"({"what":"conflict","times":1})") == Answer{TALOME_E_CONFLICT, "taken"});
    CHECK(a.host.invoke("probe.fail", R"({"what":"std","times":1})") == Answer{TALOME_E_INTERNAL, "inner words"});
    CHECK(a.host.invoke("probe.fail", R"({"what":"base","times":1})") == Answer{TALOME_E_LIMITED, "slow down"});
    CHECK(a.host.invoke("probe.fail", R"({"what":"positive","times":1})") == Answer{TALOME_E_INTERNAL, "no failure"});
    CHECK(a.host.invoke("probe.fail", R"({"what":"","times":1})").first == TALOME_E_INTERNAL);
    const auto& raw = a.host.raw.at("probe.wire");
    CHECK(raw.handle(raw.user, nullptr, talome::bytes(R"({"what":"x","times":1})"), nullptr) == TALOME_E_GONE);
    const auto& task = a.host.tasks.at("probe.run");
    CHECK(task.run(task.user, nullptr) == TALOME_E_UNAVAILABLE);
    CHECK(a.host.changing(a.host.changingUser, talome::str("probe_word"), talome::bytes("\"no\"")) == TALOME_E_INVALID);
    CHECK(a.host.words == "probe_word: not this one");
    CHECK(a.host.changing(a.host.changingUser, talome::str("probe_word"), talome::bytes("\"yes\"")) == TALOME_OK);
}

TEST_CASE("events arrive decoded, and a bad one is logged") {
    Living a;
    a.host.onEvent(a.host.onEventUser, talome::str("other.x"), talome::bytes(R"({"host":"h","port":1})"));
    CHECK(a.probe().heard == "other.xh");
    a.host.onEvent(a.host.onEventUser, talome::str("other.x"), talome::bytes("{}"));
    CHECK(a.host.log == std::vector<std::string>{"host: is required"});
}

TEST_CASE("create() fails with words, and leaves nothing") {
    for (const char* area :
         {TALOME_OPERATIONS, TALOME_HTTP, TALOME_SETTINGS, TALOME_DATABASE, TALOME_TASKS, TALOME_EVENTS, TALOME_IO}) {
        FakeHost host;
        host.missingArea = area;
        void* instance = nullptr;
        const auto plugin = talome::detail::describe<Probe>("probe", "1.0.0", "Probes.");
        CHECK(plugin.create(host.host(), host.self(), &instance) == TALOME_E_UNSUPPORTED);
        CHECK(host.words == std::string("this host does not offer ") + area);
        CHECK(instance == nullptr);
    }
}

TEST_CASE("an area that is older than the plugin counts as missing") {
    for (const char* area : {TALOME_OPERATIONS, TALOME_IO}) {
        FakeHost host;
        host.shortArea = area;
        void* instance = nullptr;
        const auto plugin = talome::detail::describe<Probe>("probe", "1.0.0", "Probes.");
        CHECK(plugin.create(host.host(), host.self(), &instance) == TALOME_E_UNSUPPORTED);
    }
}

TEST_CASE("what a plugin asks of its host") {
    Living a;
    const talome::Host& host = a.probe().host;
    CHECK(host.setting<std::string>("probe_word") == "hello");
    CHECK_FALSE(host.setting<std::optional<int>>("probe_limit"));
    CHECK_THROWS_WITH_AS(host.setting<int>("probe_word"), "probe_word: expected an integer", talome::Invalid);
    CHECK_THROWS_AS(host.setting<int>("nothing"), talome::NotFound);
    host.publish("probe.port", Port{"h", 1, {}});
    CHECK(a.host.published == R"(probe.port {"host":"h","port":1})");
    CHECK(host.call<boost::json::value>(nullptr, "other.op", Port{"h", 1, {}}) == boost::json::value{{"ok", true}});
    CHECK(a.host.called == R"(other.op {"host":"h","port":1})");
    a.host.calledStatus = TALOME_E_DENIED;
    CHECK_THROWS_WITH_AS(host.callText(nullptr, "other.op", "{}"), "the other one says no", talome::Denied);
    CHECK(host.nowMs() == 42);
}

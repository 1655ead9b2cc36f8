// What is recorded of declarations, what is refused, and the manifest that is made of a whole plugin.
#include "../manifest/describe.hpp"
#include "../manifest/names.hpp"
#include "../manifest/recorder.hpp"

#include <talome/plugin.hpp>

#include <doctest/doctest.h>

using namespace talome::manifest;
using namespace std::chrono_literals;

namespace {

talome_status invoke(void*, talome_call*, talome_bytes, talome_sink, void*) noexcept { return TALOME_OK; }

constexpr const char* kInput =
    R"({"type":"object","properties":{"id":{"type":"string"},"tail":{"type":"integer"}},"required":["id"]})";

/// A declaration that is right, for each test to spoil.
struct Given {
    talome_route route{sizeof route, 0, "GET", "/api/boxes/{id}/logs", "lines=tail"};
    talome_tool tool{sizeof tool, 0, "box_logs", nullptr, nullptr, nullptr, nullptr, nullptr};
    const talome_route* routes[1] = {&route};
    const talome_tool* tools[1] = {&tool};
    talome_operation operation{};
    Given() {
        operation = {sizeof operation,
                     TALOME_TIER_READ,
                     "boxes.logs",
                     "Logs of a box",
                     "apps,files",
                     kInput,
                     nullptr,
                     "text/plain",
                     "box",
                     "id",
                     routes,
                     tools,
                     1,
                     1,
                     0,
                     &invoke,
                     nullptr,
                     0,
                     nullptr,
                     nullptr,
                     nullptr,
                     0,
                     0,
                     0,
                     0};
    }
    std::string refusal() {
        try {
            record(&operation);
            return "it was recorded";
        } catch (const talome::Invalid& invalid) {
            return invalid.what();
        }
    }
};

} // namespace

TEST_CASE("an operation is recorded with what is left to defaults") {
    Given given;
    const Operation is = record(&given.operation);
    CHECK(is.id == "boxes.logs");
    CHECK(is.tier == Tier::read);
    CHECK_FALSE(is.output);
    CHECK(is.outputType == "text/plain");
    CHECK(is.routes == std::vector<Route>{{"GET", "/api/boxes/{id}/logs", 200, {{"lines", "tail"}}, {}}});
    CHECK(is.tools == std::vector<Tool>{{"box_logs", "Logs of a box", {}}});
    CHECK(is.maxBody == 1048576);
    CHECK(is.targetInput == "id");
    CHECK(is.kind == Kind::call);
}

TEST_CASE("what is wrong is named") {
    using Spoil = void (*)(Given&);
    const std::pair<Spoil, const char*> cases[] = {
        {[](Given& g) { g.operation.id = "Boxes"; }, "operation: \"Boxes\" is not a name that it can have"},
        {[](Given& g) { g.operation.id = nullptr; }, "operation: has no name"},
        {[](Given& g) { g.operation.summary = ""; }, "boxes.logs.summary: is required"},
        {[](Given& g) { g.operation.permission = nullptr; }, "boxes.logs.permission: is required"},
        {[](Given& g) { g.operation.permission = "public,apps"; },
         "boxes.logs.permission: expected public, session, admin, interactive or feature flags, and not "
         "\"public,apps\""},
        {[](Given& g) { g.operation.tier = 3; }, "boxes.logs.tier: expected read, modify or destructive"},
        {[](Given& g) { g.operation.input_schema = nullptr; }, "boxes.logs.input: is not JSON: incomplete JSON"},
        {[](Given& g) { g.operation.output_schema = "7"; }, "boxes.logs.output: expected a schema"},
        {[](Given& g) { g.operation.target_kind = nullptr; }, "boxes.logs.target: has a kind and an input, or neither"},
        {[](Given& g) { g.operation.target_input = "x"; }, "boxes.logs.target: there is no input \"x\""},
        {[](Given& g) { g.operation.invoke = nullptr; }, "boxes.logs: has no function to call"},
        {[](Given& g) { g.operation.struct_size = 2; }, "operation: has the impossible struct_size 2"},
        {[](Given& g) { g.operation.n_routes = 1000; }, "boxes.logs: has more than 32 routes or tools"},
        {[](Given& g) { g.route.method = "HEAD"; },
         "boxes.logs.routes[0].method: expected GET, POST, PUT, PATCH or DELETE, and not \"HEAD\""},
        {[](Given& g) { g.route.path = "api"; }, "boxes.logs.routes[0].path: expected a path that begins with /"},
        {[](Given& g) { g.route.path = "/api/"; }, "boxes.logs.routes[0].path: \"\" is neither a word nor a {name}"},
        {[](Given& g) { g.route.path = "/api/../x"; },
         "boxes.logs.routes[0].path: \"..\" is neither a word nor a {name}"},
        {[](Given& g) { g.route.path = "/api/{id}x"; },
         "boxes.logs.routes[0].path: \"{id}x\" is neither a word nor a {name}"},
        {[](Given& g) { g.route.path = "/api/{box}"; }, "boxes.logs.routes[0].path: there is no input \"box\""},
        {[](Given& g) { g.route.path = "/{id}/{id}"; }, "boxes.logs.routes[0].path: has {id} twice"},
        {[](Given& g) { g.route.rename = "lines"; }, "boxes.logs.routes[0].rename: expected \"outer=inner,…\""},
        {[](Given& g) { g.route.rename = "a=b"; }, "boxes.logs.routes[0].rename: there is no input \"b\""},
        {[](Given& g) { g.route.success = 404; }, "boxes.logs.routes[0].success: expected 200 to 299"},
        {[](Given& g) { g.tool.name = "Box"; }, "boxes.logs.tools[0]: \"Box\" is not a name that it can have"},
    };
    for (const auto& [spoil, words] : cases) {
        Given given;
        spoil(given);
        CHECK(given.refusal() == words);
    }
}

TEST_CASE("structs of another size") {
    struct Later {
        talome_task known;
        std::uint64_t added = 0;
    } later{};
    later.known = {sizeof later, 0,       "x.run",
                   nullptr,      100,     [](void*, talome_call*) noexcept -> talome_status { return 0; },
                   nullptr,      nullptr, nullptr};
    CHECK(record(&later.known).periodMs == 100);
    later.added = 1;
    CHECK_THROWS_WITH(record(&later.known), "task: uses fields that this host does not know");

    talome_setting earlier{};
    earlier.struct_size = offsetof(talome_setting, fallback);
    earlier.key = "key";
    earlier.summary = "A key";
    earlier.schema = "{}";
    earlier.fallback = "\"beyond its end\"";
    CHECK(record(&earlier).fallback.is_null());
}

TEST_CASE("the other declarations") {
    const auto settingWith = [](std::uint32_t flags, const char* environment) {
        talome_setting made{};
        made.struct_size = sizeof made;
        made.flags = flags;
        made.key = "api_key";
        made.summary = "A key";
        made.schema = R"({"type":"string"})";
        made.fallback = "\"\"";
        made.environment = environment;
        return record(&made);
    };
    CHECK(settingWith(TALOME_SETTING_SECRET, nullptr) ==
          Setting{"api_key", "A key", true, {{"type", "string"}}, "", false, false, {}});
    CHECK(settingWith(TALOME_SETTING_RESTART | TALOME_SETTING_PORTABLE, "SOME_KEY") ==
          Setting{"api_key", "A key", false, {{"type", "string"}}, "", true, true, "SOME_KEY"});
    CHECK_THROWS_WITH(settingWith(8, nullptr), "api_key.flags: has an unknown bit");
    CHECK_THROWS_WITH(settingWith(TALOME_SETTING_SECRET | TALOME_SETTING_PORTABLE, nullptr),
                      "api_key: a secret is not exported");
    CHECK_THROWS_WITH(settingWith(0, "some_key"), "api_key.environment: expected the name of an environment variable");
    const talome_task often{sizeof often, 0,       "x.run",
                            nullptr,      99,      [](void*, talome_call*) noexcept -> talome_status { return 0; },
                            nullptr,      nullptr, nullptr};
    CHECK_THROWS_WITH(record(&often), "x.run.period: expected 100 ms or more, or 0");
    const talome_topic topic{sizeof topic, 0, "box.opened", "A box", nullptr, "session"};
    CHECK(record(&topic) == Topic{"box.opened", "A box", "session", {}});
    CHECK_THROWS_WITH(recordFlag("admin", "x", true), "flag: \"admin\" is not a name that it can have");
    CHECK(recordFlag("apps", "Apps", true) == Flag{"apps", "Apps", true});
    CHECK_THROWS_WITH(recordMigration(0, 0, "x"), "migration 0: versions count from 1");
    CHECK_THROWS_WITH(recordMigration(1, 0, ""), "migration 1: has no SQL");
    CHECK(recordMigration(2, TALOME_MIGRATION_EXCLUSIVE, "x").exclusive);
}

TEST_CASE("names") {
    CHECK(isPluginId("c-hello"));
    CHECK_FALSE(isPluginId("../x"));
    CHECK_FALSE(isPluginId(std::string(33, 'a')));
    CHECK(isVersion("1.0.0-rc.1"));
    CHECK_FALSE(isVersion("1.0"));
    CHECK_FALSE(isVersion("1.0.0 "));
    CHECK(isOperationId("containers.restartAll.now"));
    for (const char* bad : {"containers", "a.", ".a", "a..b", "A.b", "a.B", "a b.c", "a.b\n"})
        CHECK_FALSE(isOperationId(bad));
    CHECK(isTaskId("c-hello.run"));
    CHECK(isPermission("apps,files"));
    for (const char* bad : {"", "apps,", "public,apps", "Apps", "apps files"}) CHECK_FALSE(isPermission(bad));
}

TEST_CASE("prefixes are the part of the URL space that is claimed") {
    Operation a, b;
    a.routes = {
        {"GET", "/api/boxes", 200, {}, {}}, {"GET", "/api/boxes/{id}", 200, {}, {}}, {"POST", "/mcp", 200, {}, {}}};
    b.routes = {{"GET", "/api/boxes/x/y", 200, {}, {}},
                {"GET", "/api/a/b", 200, {}, {}},
                {"GET", "/webhooks/{id}", 200, {}, {}}};
    CHECK(prefixesOf({a, b}) == std::vector<std::string>{"/api/a", "/api/boxes", "/mcp", "/webhooks"});
}

namespace {

struct Id {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(Id, (), (id))

struct Whole : talome::Plugin {
    explicit Whole(talome::Registry& registry) {
        registry.operation("whole.get", "Gets", talome::session, talome::Tier::read, this, &Whole::get)
            .route("GET", "/api/whole/{id}")
            .tool("get_whole");
        registry
            .raw("whole.put", "Puts", talome::admin, talome::Tier::modify, "PUT", "/api/whole/{id}", this, &Whole::put)
            .maxBody(5);
        registry.flag("wholes", "Wholes", true);
        registry.setting("whole_size", "Its size", 3).range(1, 9).environment("WHOLE_SIZE").restart().portable();
        registry.setting("whole_token", "Its token", "").secret();
        registry.migration(1, "CREATE TABLE t (a)");
        registry.every(1min, "whole.run", this, &Whole::run);
        registry.topic<Id>("whole.made", "Was made", talome::flags("wholes"));
        registry.on("part.*", this, &Whole::hear);
        registry.uses("parts.list");
        registry.wants(TALOME_IO);
        registry.wants("talome.teleport/1");
    }
    Id get(const Id& id) { return id; }
    void put(talome::Call&, const Id&, talome::Exchange&) {}
    void run() {}
    void hear(std::string_view, std::string_view) {}
};

template <int How> struct Wrong : talome::Plugin {
    explicit Wrong(talome::Registry& registry) {
        if constexpr (How == 0) registry.every(1min, "other.run", this, &Wrong::run);
        if constexpr (How == 1) registry.migration(2, "x");
        if constexpr (How == 2) registry.setting("a", "A", 1), registry.setting("a", "A", 1);
        if constexpr (How == 3)
            registry.operation("a.b", "A", talome::session, talome::Tier::read, this, &Wrong::run).input("x", "none");
        if constexpr (How == 4) registry.host().setting<int>("a");
        if constexpr (How == 5) throw 42;
        if constexpr (How == 6)
            registry.operation("a.b", "A", talome::session, talome::Tier::read, this, &Wrong::run).text();
        if constexpr (How == 7)
            for (const char* id : {"a.b", "a.c"})
                registry.operation(id, "A", talome::session, talome::Tier::read, this, &Wrong::run)
                    .route("GET", "/api/a");
    }
    void run() {}
};

template <int How> std::string why() {
    const auto plugin = talome::detail::describe<Wrong<How>>("wrong", "1.0.0", "Is wrong.");
    try {
        describe(&plugin, "wrong");
        return "it was described";
    } catch (const talome::Error& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("the manifest of a plugin, to text and back") {
    const auto plugin = talome::detail::describe<Whole>("whole", "1.2.3", "Is whole.");
    const Manifest made = describe(&plugin, "whole");
    CHECK(made.id == "whole");
    CHECK(made.version == "1.2.3");
    CHECK(made.sdk == TALOME_VERSION);
    CHECK(made.needs == std::vector<std::string>{TALOME_DATABASE, TALOME_EVENTS, TALOME_HTTP, TALOME_OPERATIONS,
                                                 TALOME_SETTINGS, TALOME_TASKS});
    CHECK(made.wants == std::vector<std::string>{TALOME_IO, "talome.teleport/1"});
    CHECK(made.canUnload);
    CHECK(made.prefixes == std::vector<std::string>{"/api/whole"});
    REQUIRE(made.operations.size() == 2);
    CHECK(made.operations[1].kind == Kind::raw);
    CHECK(made.operations[1].maxBody == 5);
    CHECK(made.settings[0].environment == "WHOLE_SIZE");
    CHECK((made.settings[0].restart && made.settings[0].portable));
    CHECK(made.settings[1].secret);
    CHECK(made.uses == std::vector<std::string>{"parts.list"});
    const std::string text = toText(made);
    CHECK(text.ends_with("}\n"));
    CHECK(toText(fromText(text)) == text);
    CHECK(fromText(text).operations == made.operations);
    CHECK_THROWS_WITH_AS(fromText(R"({"id":1})"), "id: expected text", talome::Invalid);
}

TEST_CASE("a plugin that is wrong is refused with words") {
    CHECK(why<0>() == "wrong: other.run: a task's id begins with the plugin's: \"wrong.\"");
    CHECK(why<1>() == "wrong: migration 2: comes when 1 is next");
    CHECK(why<2>() == "wrong: a: is declared twice as a setting");
    CHECK(why<3>() == "wrong: a.b: there is no input \"x\"");
    CHECK(why<4>() == "wrong: talome.settings/0 was not asked for: the plugin's constructor must say "
                      "registry.needs(\"talome.settings/0\")");
    CHECK(why<5>() == "wrong: an exception that is not a std::exception");
    CHECK(why<6>() == "wrong: a.b: .text() needs a handler that returns std::string");
    CHECK(why<7>() == "wrong: a.c: GET /api/a is the route of a.b already");

    auto plugin = talome::detail::describe<Whole>("whole", "1.2.3", "Is whole.");
    CHECK_THROWS_WITH(describe(&plugin, "other"),
                      "other: the file's name and the plugin's id, \"whole\", must be the same");
    plugin.abi = 2;
    CHECK_THROWS_WITH(describe(&plugin, "whole"), "whole: is built for ABI 2");
    plugin.abi = TALOME_ABI;
    plugin.id = "audit";
    CHECK_THROWS_WITH(describe(&plugin, "audit"), "audit: is a name of the host's own: a plugin cannot have it");
    CHECK_THROWS_WITH(describe(nullptr, "whole"), "whole: talome_plugin_v1() gave no descriptor");
}

#include "host/gate/offers.hpp"

#include "host/gate/tier.hpp"

#include <doctest/doctest.h>

using namespace talome;
using namespace talome::gate;
namespace json = boost::json;

namespace {

crash::Usage usage{"things"};

talome_status nothing(void*, talome_call*, talome_bytes, talome_sink, void*) noexcept { return TALOME_OK; }

std::shared_ptr<Endpoint> endpointOf(manifest::Operation operation, std::string plugin = "things") {
    operation.input = json::parse(
        R"({"type":"object","properties":{"id":{"type":"string"},"dryRun":{"type":"boolean","default":true}},"required":["id"],"additionalProperties":false})");
    Schema schema(operation.input);
    return std::make_shared<Endpoint>(Endpoint{std::move(operation),
                                               std::move(schema),
                                               &nothing,
                                               nullptr,
                                               {},
                                               false,
                                               std::move(plugin),
                                               nullptr,
                                               nullptr,
                                               std::chrono::milliseconds(0),
                                               usage,
                                               nullptr});
}

manifest::Operation operation(const char* id, manifest::Tier tier) {
    manifest::Operation made;
    made.id = id;
    made.summary = "Does";
    made.permission = "session";
    made.tier = tier;
    made.outputType = "application/json";
    return made;
}

} // namespace

TEST_CASE("a tier that depends on the input") {
    using manifest::Tier;
    auto made = operation("things.clear", Tier::destructive);
    CHECK(lowestTier(made) == Tier::destructive);
    CHECK(tierOf(made, json::object{{"dryRun", true}}) == Tier::destructive);
    made.tierRules = {{"dryRun", true, Tier::read}, {"id", "one", Tier::modify}};
    CHECK(lowestTier(made) == Tier::read);
    CHECK(tierOf(made, json::object{{"dryRun", true}, {"id", "one"}}) == Tier::read);
    CHECK(tierOf(made, json::object{{"dryRun", false}, {"id", "one"}}) == Tier::modify);
    CHECK(tierOf(made, json::object{{"dryRun", false}, {"id", "two"}}) == Tier::destructive);
    CHECK(tierOf(made, json::object{{"dryRun", "true"}}) == Tier::destructive);
    CHECK(tierOf(made, json::array{}) == Tier::destructive);
}

TEST_CASE("the table of offers") {
    using manifest::Tier;
    Offers offers;
    auto clear = operation("things.clear", Tier::destructive);
    clear.tools = {{"clear_things", "Clear", {{"thing", "id"}}, "things"}};
    offers.add(endpointOf(clear));
    auto read = operation("things.read", Tier::read);
    read.resources = {{{"talome://things/{thing}", "thing", "One", {{"thing", "id"}}, "things", {}},
                       {"talome://things", "things", "All", {}, "things", {}}}};
    offers.add(endpointOf(read));
    offers.add(manifest::ToolDomain{"things", "Things", {"things_url"}, {}});
    CHECK_THROWS_AS(offers.add(endpointOf(clear)), std::invalid_argument);

    const auto& tool = offers.tools.at("clear_things");
    const auto shown = json::parse(textOf(OfferKind::tool, tool, {}));
    CHECK(shown.at("title") == "Clear things");
    CHECK(shown.at("inputSchema").at("properties").as_object().contains("thing"));
    CHECK(!shown.at("inputSchema").at("properties").as_object().contains("id"));
    CHECK(shown.at("inputSchema").at("required") == json::array{"thing"});

    SUBCASE("by URI") {
        CHECK(find(OfferKind::resource, offers, "talome://things").offer->name == "talome://things");
        const auto found = find(OfferKind::resource, offers, "talome://things/a%20b");
        REQUIRE(found.offer);
        CHECK(found.parameters == std::vector<std::pair<std::string, std::string>>{{"thing", "a b"}});
        for (const char* none : {"talome://things/", "talome://things/a/b", "talome://others/a", "talome://things/%zz",
                                 "talome://things/{thing}/x"})
            CHECK_MESSAGE(!find(OfferKind::resource, offers, none).offer, none);
    }
    SUBCASE("what settings say") {
        const auto with = [&](const char* url, const char* disabled) {
            return stateOf(offers, [=](const std::string& key) -> std::string {
                if (key == "things_url") return url;
                if (key == "disabled_tools") return disabled;
                throw gate::Failure(TALOME_E_NOT_FOUND, "no such setting");
            });
        };
        CHECK(with(R"("")", "[]").inactive.contains("things"));
        const auto on = with(R"("http://x")", R"(["clear_things"])");
        CHECK(on.inactive.empty());
        CHECK(!isOn(OfferKind::tool, tool, on));
        CHECK(isOn(OfferKind::tool, tool, with(R"("")", "[]"))); // shown, and marked
        CHECK(!isOn(OfferKind::resource, offers.resources.at("talome://things"), with(R"("")", "[]")));
    }
    SUBCASE("who sees it") {
        Principal caller;
        caller.authenticated = true;
        caller.role = "member";
        CHECK(isVisible(tool, caller, {}));
        caller.most = Tier::modify;
        CHECK(!isVisible(tool, caller, {}));
        caller.most = Tier::destructive;
        for (const char* group : {"things"}) {
            caller.groups = std::set<std::string, std::less<>>{group};
            CHECK(isVisible(tool, caller, {}));
        }
        caller.groups = std::set<std::string, std::less<>>{"core"};
        CHECK(!isVisible(tool, caller, {}));
        caller = {};
        CHECK(!isVisible(tool, caller, {}));
    }
}

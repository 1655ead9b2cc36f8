// What operations offer to models: tools, resources, prompts, domains, and tiers that depend on the input.
#include "sdk/manifest/describe.hpp"

#include <doctest/doctest.h>
#include <talome/plugin.hpp>

using namespace talome::manifest;

namespace {

struct Where {
    std::string id;
    bool dryRun = true;
};
BOOST_DESCRIBE_STRUCT(Where, (), (id, dryRun))

struct Offering : talome::Plugin {
    explicit Offering(talome::Registry& registry) {
        registry.domain("things", "Things", "things_url,things_token", "thing,stuff");
        registry.operation("things.clear", "Clears", talome::admin, talome::Tier::destructive, this, &Offering::run)
            .tool("clear_things", "Clear them", {{"thing", "id"}})
            .domain("things")
            .category("chores")
            .title("Clear all things")
            .automationSafe()
            .idempotent()
            .openWorld()
            .tierWhen("dryRun", true, talome::Tier::read)
            .tierWhen("id", "one", talome::Tier::modify);
        registry.operation("things.read", "Reads", talome::session, talome::Tier::read, this, &Offering::run)
            .resource("talome://things/{thing}", "thing", "One thing", "things.*", {{"thing", "id"}})
            .prompt("ask-things")
            .passesOn();
    }
    void run(const Where&) {}
};

template <int How> struct Wrong : talome::Plugin {
    explicit Wrong(talome::Registry& registry) {
        const auto operation = [&](talome::Tier tier) {
            return registry.operation("a.b", "A", talome::session, tier, this, &Wrong::run);
        };
        using talome::Tier;
        if constexpr (How == 0) operation(Tier::modify).tierWhen("dryRun", true, Tier::modify);
        if constexpr (How == 1) operation(Tier::modify).tierWhen("wet", true, Tier::read);
        if constexpr (How == 2) operation(Tier::read).resource("things", "things");
        if constexpr (How == 3) operation(Tier::read).resource("talome://things/{name}", "things");
        if constexpr (How == 4) operation(Tier::read).resource("talome://things/a{id}", "things");
        if constexpr (How == 5) operation(Tier::modify).resource("talome://things", "things");
        if constexpr (How == 6) operation(Tier::modify).passesOn();
        if constexpr (How == 7) operation(Tier::read).tool("t").domain("Not One");
        if constexpr (How == 8) registry.domain("things", "Things", "a b");
        if constexpr (How == 9) registry.domain("things", "Things"), registry.domain("things", "Things");
        if constexpr (How == 10) operation(Tier::read).title("of nothing");
    }
    void run(const Where&) {}
};

template <int How> std::string why() {
    const auto plugin = talome::detail::describe<Wrong<How>>("wrong", "1.0.0", "Is wrong.");
    try {
        describe(&plugin, "wrong");
        return "it was described";
    } catch (const std::exception& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("what is offered to models, to text and back") {
    const auto plugin = talome::detail::describe<Offering>("offering", "1.0.0", "Offers.");
    const Manifest made = describe(&plugin, "offering");
    REQUIRE(made.domains);
    CHECK(made.domains->at(0) == ToolDomain{"things", "Things", {"things_url", "things_token"}, {"thing", "stuff"}});
    const auto& clear = made.operations.at(0);
    REQUIRE(clear.tools.size() == 1);
    CHECK(
        clear.tools[0] ==
        Tool{
            "clear_things", "Clear them", {{"thing", "id"}}, "things", "chores", "Clear all things", true, true, true});
    REQUIRE(clear.tierRules);
    CHECK(*clear.tierRules == std::vector<TierRule>{{"dryRun", true, Tier::read}, {"id", "one", Tier::modify}});
    CHECK(!clear.resources);
    const auto& read = made.operations.at(1);
    REQUIRE(read.resources);
    CHECK(read.resources->at(0) ==
          Resource{"talome://things/{thing}", "thing", "One thing", {{"thing", "id"}}, std::nullopt, {"things.*"}});
    REQUIRE(read.prompts);
    CHECK(read.prompts->at(0) == Prompt{"ask-things", "Reads", {}, std::nullopt});
    CHECK(read.passesOn == true);
    const Manifest again = fromText(toText(made));
    CHECK(again.operations == made.operations);
    CHECK(again.domains == made.domains);
}

TEST_CASE("mistakes in what is offered are refused with words") {
    const auto says = [](const std::string& words, const char* part) {
        CHECK_MESSAGE(words.find(part) != std::string::npos, words);
    };
    says(why<0>(), "below the operation's");
    says(why<1>(), "no input \"wet\"");
    says(why<2>(), "expected a URI");
    says(why<3>(), "no input \"name\"");
    says(why<4>(), "a whole part");
    says(why<5>(), "must be read");
    says(why<6>(), "passes calls on");
    says(why<7>(), "domain");
    says(why<8>(), "settings");
    says(why<9>(), "twice");
    says(why<10>(), ".tool() comes first");
}

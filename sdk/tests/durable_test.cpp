// Durable topics: what is declared of them, and how events arrive.
#include "fake_host.hpp"
#include "sdk/manifest/describe.hpp"
#include "shapes.hpp"

#include <doctest/doctest.h>

using shapes::Port;

namespace {

struct Postman : talome::Plugin {
    explicit Postman(talome::Registry& registry) {
        registry.topic<Port>("postman.sent", "Was sent", talome::admin).durable();
        registry.topic<Port>("postman.seen", "Was seen", talome::admin);
        registry.onDurable("order.*", this, &Postman::take);
    }
    void take(const talome::DurableEvent& event, const Port& port) {
        if (port.port == 1) throw talome::Unavailable("not now");
        taken += std::string(event.publisher) + " " + std::string(event.topic) + " " + std::to_string(event.sequence) +
                 " " + std::to_string(event.publishedAtMs) + " " + port.host + ";";
    }
    std::string taken;
};

struct Twice : talome::Plugin {
    explicit Twice(talome::Registry& registry) {
        registry.onDurable("order.*", this, &Twice::take);
        registry.onDurable("order.*", this, &Twice::take);
    }
    void take(const talome::DurableEvent&) {}
};

/// As a plugin in C might: it does not ask for the database, or does not look whether it got it.
template <bool kAsks> talome_status declareOnly(const talome_host* host, talome_self* self, void** instance) noexcept {
    static int nothing;
    *instance = &nothing;
    if (kAsks) host->extension(self, TALOME_DATABASE);
    const talome_topic topic{sizeof topic, TALOME_TOPIC_DURABLE, "cpost.sent", "Was sent", nullptr, "session"};
    const auto* events = static_cast<const talome_events*>(host->extension(self, TALOME_EVENTS));
    return events ? events->declare(self, &topic) : talome_status{TALOME_E_UNSUPPORTED};
}

template <bool kAsks> talome_plugin inC() {
    talome_plugin plugin{};
    plugin.struct_size = sizeof plugin;
    plugin.abi = TALOME_ABI;
    plugin.id = "c-post";
    plugin.version = "1.0.0";
    plugin.summary = "Posts.";
    plugin.create = &declareOnly<kAsks>;
    plugin.destroy = [](void*) noexcept {};
    return plugin;
}

} // namespace

TEST_CASE("a durable topic and subscription in the manifest") {
    const auto plugin = talome::detail::describe<Postman>("postman", "1.0.0", "Posts.");
    const auto made = talome::manifest::describe(&plugin, "postman");
    CHECK(made.needs == std::vector<std::string>{TALOME_DATABASE, TALOME_EVENTS, TALOME_OPERATIONS});
    REQUIRE(made.topics.size() == 2);
    CHECK(made.topics[0].durable == true);
    CHECK_FALSE(made.topics[1].durable);
    CHECK(made.subscriptions.empty());
    CHECK(made.durableSubscriptions == std::vector<std::string>{"order.*"});
    const auto text = talome::manifest::toText(made);
    CHECK(talome::manifest::toText(talome::manifest::fromText(text)) == text);
}

TEST_CASE("a durable topic needs the database, and a durable subscription is there once") {
    const auto asks = inC<true>(), doesNot = inC<false>();
    CHECK(talome::manifest::describe(&asks, "c-post").needs ==
          std::vector<std::string>{TALOME_DATABASE, TALOME_EVENTS});
    CHECK_THROWS_WITH(talome::manifest::describe(&doesNot, "c-post"),
                      "c-post: cpost.sent: a durable topic needs talome.database/0, which was not asked for");
    const auto twice = talome::detail::describe<Twice>("twice", "1.0.0", "Hears twice.");
    CHECK_THROWS_WITH(talome::manifest::describe(&twice, "twice"),
                      "twice: subscribe_durable: order.* is subscribed to already");
}

TEST_CASE("durable events arrive decoded, and what cannot be taken is told") {
    FakeHost host;
    void* instance = nullptr;
    const auto plugin = talome::detail::describe<Postman>("postman", "1.0.0", "Posts.");
    REQUIRE(plugin.create(host.host(), host.self(), &instance) == TALOME_OK);
    auto& postman = talome::detail::Instance<Postman>::of(instance).plugin;
    auto give = [&](std::string_view json) {
        const talome_durable_event event{
            sizeof event, 0, talome::str("shop"), talome::str("order.made"), talome::bytes(json), 7, 42};
        return host.onDurable(host.onDurableUser, &event);
    };
    CHECK(give(R"({"host":"h","port":2})") == TALOME_OK);
    CHECK(postman.taken == "shop order.made 7 42 h;");
    CHECK(give(R"({"host":"h","port":1})") == TALOME_E_UNAVAILABLE);
    CHECK(host.words == "not now");
    CHECK(give("{}") == TALOME_E_INVALID);
    plugin.destroy(instance);
}

// Greets people, counts how often, and says so in the log once an hour.
#include <talome/plugin.hpp>

struct Whom {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(Whom, (), (name))

struct Greeting {
    std::string text;
    std::int64_t count;
};
BOOST_DESCRIBE_STRUCT(Greeting, (), (text, count))

class GreeterPlugin : public talome::Plugin {
public:
    explicit GreeterPlugin(talome::Registry& registry) : host_(registry.host()) {
        registry.operation("greeter.hello", "Greets", talome::session, talome::Tier::read, this, &GreeterPlugin::hello)
            .route("GET", "/api/greeter/hello")
            .tool("greeter_hello")
            .input("name", "Whom to greet", talome::length(1, 80));
        registry.setting("greeter_word", "The word to greet with", "Hello").length(1, 40);
        registry.migration(1, "CREATE TABLE greeted (name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID");
        registry.every(std::chrono::hours(1), "greeter.report", this, &GreeterPlugin::report);
    }

    Greeting hello(const Whom& who) {
        const auto count = host_.database().one<std::int64_t>(
            "INSERT INTO greeted VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1 RETURNING count", who.name);
        return {host_.setting<std::string>("greeter_word") + ", " + who.name, count.value_or(0)};
    }
    void report() {
        const auto total = host_.database().one<std::int64_t>("SELECT coalesce(sum(count), 0) FROM greeted");
        host_.info("greeted " + std::to_string(total.value_or(0)) + " times");
    }

private:
    const talome::Host host_;
};
TALOME_PLUGIN(GreeterPlugin, "greeter", "1.0.0", "Greets people by name.")

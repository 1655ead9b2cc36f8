// Greets people, counts how often, and says so in the log once an hour.
#include <talome/plugin.hpp>

using namespace std::chrono_literals;

struct Hello {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(Hello, (), (name))

struct Greeting {
    std::string text;
    std::int64_t count;
};
BOOST_DESCRIBE_STRUCT(Greeting, (), (text, count))

class Greeter : public talome::Plugin {
public:
    explicit Greeter(talome::Registry& registry) : host_(registry.host()) {
        registry
            .operation("greeter.hello", "Greets a person by name", talome::session, talome::Tier::read, this,
                       &Greeter::hello)
            .route("GET", "/api/greeter/hello")
            .tool("greet")
            .input("name", "Whom to greet", talome::length(1, 80));
        registry.setting("greeter_word", "The word to greet with", "Hello").length(1, 40);
        registry.migration(1, "CREATE TABLE greeted (name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID");
        registry.every(1h, "greeter.report", this, &Greeter::report);
    }

    Greeting hello(const Hello& input) {
        const auto count = host_.database().one<std::int64_t>(
            "INSERT INTO greeted VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1 RETURNING count",
            input.name);
        return {host_.setting<std::string>("greeter_word") + ", " + input.name, count.value_or(0)};
    }

private:
    void report() {
        const auto total = host_.database().one<std::int64_t>("SELECT coalesce(sum(count), 0) FROM greeted");
        host_.info("greeted " + std::to_string(total.value_or(0)) + " times");
    }

    talome::Host host_;
};

TALOME_PLUGIN(Greeter, "greeter", "1.0.0", "Greets people by name.")

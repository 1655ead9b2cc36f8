// A plugin that depends on another one: it calls it in start(), so that one must serve by then.
#include <talome/plugin.hpp>

struct Who {
    int version;
    std::int64_t born;
};
BOOST_DESCRIBE_STRUCT(Who, (), (version, born))

class Leaner : public talome::Plugin {
public:
    explicit Leaner(talome::Registry& registry) : host_(registry.host()) {
        registry.dependsOn("relay.who");
        registry
            .operation("leaner.seen", "Whom it has seen at its start", talome::anyone, talome::Tier::read, this,
                       &Leaner::seen)
            .route("GET", "/api/leaner");
    }
    void start() { seen_ = host_.call<Who>(nullptr, "relay.who", talome::Nothing{}); }
    Who seen() { return seen_; }

private:
    talome::Host host_;
    Who seen_{};
};

TALOME_PLUGIN(Leaner, "leaner", "1.0.0", "Depends on relay.")

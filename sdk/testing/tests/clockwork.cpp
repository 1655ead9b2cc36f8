// A plugin for the tests of the testing library: works by the clock, when it is woken, and when it hears something.
#include <talome/plugin.hpp>

using namespace std::chrono_literals;

struct Tick {
    std::int64_t at;
};
BOOST_DESCRIBE_STRUCT(Tick, (), (at))

struct Counts {
    std::int64_t ticks, woken, heard;
};
BOOST_DESCRIBE_STRUCT(Counts, (), (ticks, woken, heard))

class Clockwork : public talome::Plugin {
public:
    explicit Clockwork(talome::Registry& registry) : host_(registry.host()) {
        registry
            .operation("clockwork.counts", "What has been done", talome::flags("clockwork"), talome::Tier::read, this,
                       &Clockwork::counts)
            .route("GET", "/api/clockwork/counts");
        registry
            .operation("clockwork.wind", "Has its task run soon", talome::admin, talome::Tier::destructive, this,
                       &Clockwork::wind)
            .route("POST", "/api/clockwork/wind", 202);
        registry.flag("clockwork", "See what has been done", false);
        registry.every(10min, "clockwork.tick", this, &Clockwork::tick);
        registry.task("clockwork.chime", "Only when it is woken", this, &Clockwork::chime);
        registry.topic<Tick>("clockwork.ticked", "Ten minutes are over", talome::session);
        registry.on("other.*", this, &Clockwork::hear);
    }

    Counts counts() { return {ticks_, woken_, heard_}; }
    void wind() { host_.wake("clockwork.chime", 90s); }

private:
    void tick() {
        ++ticks_;
        host_.publish("clockwork.ticked", Tick{host_.nowMs()});
    }
    void chime() { ++woken_; }
    void hear(std::string_view, std::string_view) { ++heard_; }

    talome::Host host_;
    std::atomic<std::int64_t> ticks_{0}, woken_{0}, heard_{0};
};

TALOME_PLUGIN(Clockwork, "clockwork", "1.0.0", "Works by the clock.")

// An operation that does nothing but return a small struct, so that what it costs is the way to a plugin and back.
#include <talome/plugin.hpp>

struct Where {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(Where, (), (name))

struct Point {
    std::string name;
    double x = 0, y = 0;
    bool visible = false;
};
BOOST_DESCRIBE_STRUCT(Point, (), (name, x, y, visible))

class Bench : public talome::Plugin {
public:
    explicit Bench(talome::Registry& registry) {
        registry
            .operation("bench.point", "Says where something is", talome::session, talome::Tier::read, this,
                       &Bench::point)
            .route("GET", "/api/bench/point")
            .input("name", "What to look for", talome::length(1, 80));
    }

    Point point(const Where& input) { return {input.name, 1.5, -2, true}; }
};

TALOME_PLUGIN(Bench, "bench", "1.0.0", "What the benchmarks call.")

// Throws in a handler, in every way: each must arrive as a status with words, and none as an exception.
#include <talome/plugin.hpp>

enum class How { standard, foreign, conflict, missing, unavailable };
BOOST_DESCRIBE_ENUM(How, standard, foreign, conflict, missing, unavailable)

struct Throw {
    How how;
};
BOOST_DESCRIBE_STRUCT(Throw, (), (how))

class Throws : public talome::Plugin {
public:
    explicit Throws(talome::Registry& registry) {
        registry.operation("throws.now", "Throws", talome::session, talome::Tier::read, this, &Throws::now)
            .route("GET", "/api/throws/{how}");
    }
    void now(const Throw& input) {
        switch (input.how) {
        case How::standard:
            throw std::runtime_error("the words of a std::runtime_error");
        case How::foreign:
            throw 42;
        case How::conflict:
            throw talome::Conflict("it is taken");
        case How::missing:
            throw talome::NotFound("it is not here");
        case How::unavailable:
            throw talome::Unavailable("the other side does not answer");
        }
    }
};

TALOME_PLUGIN(Throws, "throws", "1.0.0", "Throws exceptions.")

// A plugin that calls whatever it is asked to, for its caller or as its own work: what it reaches must end where the
// caller's rights, or its manifest, end.
#include <talome/plugin.hpp>

namespace {

struct Order {
    std::string operation;
    std::optional<std::string> input;
};
BOOST_DESCRIBE_STRUCT(Order, (), (operation, input))

struct Answer {
    bool done;
    std::int64_t status; ///< of abi.h
    std::string text;
};
BOOST_DESCRIBE_STRUCT(Answer, (), (done, status, text))

class Deputy : public talome::Plugin {
public:
    explicit Deputy(talome::Registry& registry) : host_(registry.host()) {
        using talome::Tier;
        registry.operation("deputy.relay", "Calls for its caller", talome::anyone, Tier::modify, this, &Deputy::relay)
            .route("POST", "/api/deputy/relay");
        registry
            .operation("deputy.look", "Calls for its caller, and says of itself that it only reads", talome::anyone,
                       Tier::read, this, &Deputy::relay)
            .route("POST", "/api/deputy/look");
        registry.operation("deputy.own", "Calls as its own work", talome::anyone, Tier::modify, this, &Deputy::own)
            .route("POST", "/api/deputy/own");
        registry.uses("counter.adminRead");
        registry.uses("counter.inPersonRead");
    }

private:
    Answer relay(talome::Call& call, const Order& order) { return send(&call, order); }
    Answer own(const Order& order) { return send(nullptr, order); }
    Answer send(const talome::Call* call, const Order& order) {
        try {
            return {true, 0, host_.callText(call, order.operation, order.input.value_or("{}"))};
        } catch (const talome::Error& error) {
            return {false, error.status, error.what()};
        }
    }

    talome::Host host_;
};

} // namespace

TALOME_PLUGIN(Deputy, "deputy", "1.0.0", "Calls what it is asked to.")

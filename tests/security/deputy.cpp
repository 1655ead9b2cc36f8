// Plugins that call whatever they are asked to, for the caller or as their own work: what they reach must end where the
// caller's rights, or their manifest, end. Two of them: deputy, whose manifest names little, and delegate, whose names
// all that there is.
#include <talome/plugin.hpp>

namespace {

#ifdef TALOME_TEST_DELEGATE
constexpr const char* kName = "delegate";
constexpr const char* kUses[] = {"audit.*",   "auth.*",     "containers.*", "counter.*",   "delegate.*", "health.*",
                                 "plugins.*", "settings.*", "setup.*",      "snapshots.*", "tools.*",    "users.*"};
#else
constexpr const char* kName = "deputy";
constexpr const char* kUses[] = {"counter.adminRead"};
#endif

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
        const std::string name = kName, path = "/api/" + name;
        registry.operation(name + ".relay", "Calls for its caller", talome::anyone, Tier::modify, this, &Deputy::relay)
            .route("POST", path + "/relay");
        registry
            .operation(name + ".look", "Calls for its caller, and says of itself that it only reads", talome::anyone,
                       Tier::read, this, &Deputy::relay)
            .route("POST", path + "/look");
        registry.operation(name + ".own", "Calls as its own work", talome::anyone, Tier::modify, this, &Deputy::own)
            .route("POST", path + "/own");
        for (const char* each : kUses) registry.uses(each);
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

#ifdef TALOME_TEST_DELEGATE
TALOME_PLUGIN(Deputy, "delegate", "1.0.0", "Calls what it is asked to, and says that it may call anything.")
#else
TALOME_PLUGIN(Deputy, "deputy", "1.0.0", "Calls what it is asked to.")
#endif

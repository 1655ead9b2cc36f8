// Throws, answers with a failure, or never returns, in the function of its life that the environment names:
// STUMBLE="start throws". Otherwise it is well.
#include <talome/plugin.hpp>

#include <cstdlib>
#include <unistd.h>

class Stumbles : public talome::Plugin {
public:
    explicit Stumbles(talome::Registry& registry) {
        registry.operation("stumbles.hello", "Answers", talome::session, talome::Tier::read, this, &Stumbles::hello)
            .route("GET", "/api/stumbles");
        stumble("create");
    }
    void start() { stumble("start"); }
    void activate() { stumble("activate"); }
    void quiesce() { stumble("quiesce"); }
    void stop() { stumble("stop"); }
    void hello() {}

private:
    static void stumble(const std::string& where) {
        const char* set = std::getenv("STUMBLE");
        const std::string how = set ? set : "";
        if (how == where + " throws") throw std::runtime_error("stumbled in " + where);
        if (how == where + " throws a number") throw 42;
        if (how == where + " blocks")
            for (;;) ::pause();
    }
};

TALOME_PLUGIN(Stumbles, "stumbles", "1.0.0", "Fails in the function of its life that it is told to.")

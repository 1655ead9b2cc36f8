// Registers something and then fails in create(), with words; nothing of it may stay behind. Only where the variable of
// its name is set, so that its manifest can be made.
#include <talome/plugin.hpp>

#include <cstdlib>

class CreateFails : public talome::Plugin {
public:
    explicit CreateFails(talome::Registry& registry) {
        registry
            .operation("fails.hello", "Is never reached", talome::session, talome::Tier::read, this,
                       &CreateFails::hello)
            .route("GET", "/api/create-fails");
        if (!std::getenv("TALOME_MANIFEST_RUN")) throw talome::Unavailable("the moon is in the wrong phase");
    }
    void hello() {}
};

TALOME_PLUGIN(CreateFails, "create-fails", "1.0.0", "Fails when it is created.")

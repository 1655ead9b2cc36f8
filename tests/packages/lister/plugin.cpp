// Counts what a program says: for the tests that run one in the SDK's host.
#include <talome/plugin.hpp>
#include <talome/process.hpp>

using namespace std::chrono_literals;

struct Text {
    std::string text;
};
BOOST_DESCRIBE_STRUCT(Text, (), (text))

struct Copied {
    std::string text;
    bool written;
};
BOOST_DESCRIBE_STRUCT(Copied, (), (text, written))

class ListerPlugin : public talome::Plugin {
public:
    explicit ListerPlugin(talome::Registry& registry) : host_(registry.host()) {
        registry.program("cat", "Copies");
        registry.program("touch", "Tries to write");
        registry.operation("lister.copy", "Copies by a program", talome::admin, talome::Tier::read, this, &ListerPlugin::copy)
            .route("GET", "/api/lister/copy");
    }

    Copied copy(talome::Call& call, const Text& input) {
        const auto copied = talome::run(host_, &call, {.argv = {"cat"}, .input = input.text, .timeLimit = 10s, .network = false, .readOnly = true});
        const auto touched = talome::run(host_, &call, {.argv = {"touch", "/tmp/lister"}, .timeLimit = 10s, .readOnly = true});
        return {copied.output, touched.ok()};
    }

private:
    const talome::Host host_;
};
TALOME_PLUGIN(ListerPlugin, "lister", "1.0.0", "Runs programs.")

#include "host/ctl/completion.hpp"

#include <doctest/doctest.h>

using namespace talome::ctl;

namespace {

constexpr Command kSome[] = {{"status", "", "", nullptr},
                             {"snapshot", "", "", nullptr},
                             {"snapshot list", "", "", nullptr},
                             {"plugin enable", "PLUGIN", "", nullptr},
                             {"plugin new", "NAME [--c] [--dir DIR]", "", nullptr},
                             {"users add", "NAME [--role ROLE]", "", nullptr}};
using Words = std::vector<std::string>;

Words after(const Words& words) {
    return completions(kSome, words, [] { return Words{"docker", "greeter"}; });
}

} // namespace

TEST_CASE("a tab offers what the table of commands has") {
    CHECK(after({}) == Words{"plugin", "snapshot", "status", "users"});
    CHECK(after({"s"}) == Words{"snapshot", "status"});
    CHECK(after({"snapshot", ""}) == Words{"list"});
    CHECK(after({"plugin", ""}) == Words{"enable", "new"});
    CHECK(after({"--json", "--url", "http://x", "plugin", "e"}) == Words{"enable"});
    CHECK(after({"--u"}) == Words{"--url"});
    CHECK(after({"--url", ""}).empty());
    CHECK(after({"nonsense", ""}).empty());
}

TEST_CASE("a tab offers plugins and options") {
    CHECK(after({"plugin", "enable", ""}) == Words{"docker", "greeter"});
    CHECK(after({"plugin", "enable", "g"}) == Words{"greeter"});
    CHECK(after({"plugin", "enable", "greeter", ""}).empty());
    CHECK(after({"plugin", "new", ""}).empty());
    CHECK(after({"plugin", "new", "--"}) == Words{"--c", "--dir"});
    CHECK(after({"plugin", "new", "mine", "--c", "--"}) == Words{"--dir"});
    CHECK(after({"plugin", "new", "--dir", ""}).empty());
    CHECK(after({"users", "add", "--role", "admin", "--"}).empty());
}

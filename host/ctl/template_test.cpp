#include "host/ctl/template.hpp"

#include <doctest/doctest.h>
#include <fstream>
#include <unistd.h>

using namespace talome::ctl;
namespace fs = std::filesystem;

TEST_CASE("the template's text under another name") {
    CHECK(
        renamed("class GreeterPlugin: greeter.hello, /api/greeter/hello, greeter_word, greeter.report", "my-2nd-one") ==
        "class My2ndOnePlugin: my2ndOne.hello, /api/my-2nd-one/hello, my_2nd_one_word, my-2nd-one.report");
    CHECK(renamed("Greeter greeter greeted greeter_x greeter.hello", "greeter-greeter") ==
          "GreeterGreeter greeter-greeter greeted greeter_greeter_x greeterGreeter.hello");
    CHECK(renamed("Greeter greeter.hello", "x") == "X x.hello");
    CHECK(renamed("", "x").empty());
}

TEST_CASE("what a plugin can be called") {
    for (const char* good : {"a", "greeter", "my-plugin", "x2", "abcdefghijklmnopqrstuvwxyz-01234"})
        CHECK_MESSAGE(whyNotAName(good).empty(), good);
    for (const char* bad : {"", "Greeter", "2x", "-x", "a_b", "a.b", "../x", "a/b", "a b", "é", "test", "install", "host", "audit",
                            "abcdefghijklmnopqrstuvwxyz-012345"})
        CHECK_MESSAGE(!whyNotAName(bad).empty(), bad);
}

TEST_CASE("a copy is whole or not there") {
    const auto root = fs::temp_directory_path() / ("talome-template-" + std::to_string(::getpid()));
    fs::create_directories(root / "from/tests");
    std::ofstream(root / "from/greeter.txt") << "greeter";
    std::ofstream(root / "from/tests/greeter_test.cpp") << "Greeter";
    CHECK(copyTemplate(root / "from", root / "deep/er/to", "new-one") ==
          std::vector<std::string>{"new-one.txt", "tests/new_one_test.cpp"});
    CHECK(fs::file_size(root / "deep/er/to/new-one.txt") == 7);
    CHECK_THROWS_WITH(copyTemplate(root / "from", root / "deep/er/to", "new-one"),
                      ((root / "deep/er/to").string() + " is there already").c_str());
    CHECK(fs::exists(root / "deep/er/to/new-one.txt"));
    CHECK_THROWS(copyTemplate(root / "nowhere", root / "other", "new-one"));
    CHECK_FALSE(fs::exists(root / "other"));
    fs::remove_all(root);
}

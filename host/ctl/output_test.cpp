#include "host/ctl/output.hpp"

#include <doctest/doctest.h>
#include <sstream>

using namespace talome::ctl;
namespace json = boost::json;

namespace {

std::string lines(const char* text) {
    std::ostringstream out;
    printLines(out, json::parse(text));
    return out.str();
}

} // namespace

TEST_CASE("an answer as lines") {
    CHECK(lines(R"({"status":"ok","n":3,"none":null,"list":[1,2]})") == "status: ok\nn: 3\nnone:\nlist: [1,2]\n");
    CHECK(lines(R"({"a":{"b":true},"c":[{"d":1}]})") == "a:\n  b: true\nc:\n  -\n    d: 1\n");
}

TEST_CASE("a table is as wide as what is in it") {
    std::ostringstream out;
    printTable(out, json::parse(R"([{"id":"a","name":"Zoë"},{"id":"longer","name":null},{"id":"x"}])").as_array(),
               {{"id", "ID"}, {"name", "NAME"}});
    CHECK(out.str() == "ID      NAME\na       Zoë\nlonger\nx\n");
}

TEST_CASE("what somebody has named themself does not move the cursor") {
    CHECK(asText(json::value("a\x1b[2Jb\nc")) == "a?[2Jb?c");
}

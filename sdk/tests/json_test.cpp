// Structs to and from JSON.
#include "shapes.hpp"

#include <boost/json/serialize.hpp>

#include <doctest/doctest.h>

#include <limits>

using namespace shapes;

namespace {

const std::string kEverything =
    R"({"flag":true,"number":-3,"count":4,"big":-9007199254740993,"huge":18446744073709551615,"ratio":0.5,"text":"a\"b\\c\n\u0001é",)"
    R"("mood":"default","maybe":7,"ports":[{"host":"::1","port":80},{"host":"h","port":81,"protocol":"tcp"}],)"
    R"("lists":{"a":[1,2],"b":[]},"any":{"x":[null,1.5]},"raw":[1,{"y":2}],"default":"d"})";

template <class T> std::string whyNot(std::string_view text) {
    try {
        talome::readText<T>(text);
        return "it was read";
    } catch (const talome::Invalid& invalid) {
        return invalid.what();
    }
}

std::string without(const char* key) {
    auto value = boost::json::parse(kEverything);
    value.as_object().erase(key);
    return boost::json::serialize(value);
}

std::string with(const char* key, const boost::json::value& is) {
    auto value = boost::json::parse(kEverything);
    value.as_object()[key] = is;
    return boost::json::serialize(value);
}

} // namespace

TEST_CASE("what was read is written again") {
    CHECK(talome::toJson(talome::readText<Everything>(kEverything)) == kEverything);
}

TEST_CASE("an optional without a value is left out, and null is none") {
    CHECK(boost::json::parse(talome::toJson(talome::readText<Everything>(without("maybe")))) ==
          boost::json::parse(without("maybe")));
    CHECK_FALSE(talome::readText<Everything>(with("maybe", nullptr)).maybe);
    CHECK(talome::toJson(std::optional<int>{}) == "null");
}

TEST_CASE("an error has the path and the reason") {
    CHECK(whyNot<Everything>(without("text")) == "text: is required");
    CHECK(whyNot<Everything>(with("text", nullptr)) == "text: expected text");
    CHECK(whyNot<Everything>(with("flag", 1)) == "flag: expected true or false");
    CHECK(whyNot<Everything>(with("number", 1.5)) == "number: expected an integer");
    CHECK(whyNot<Everything>(with("number", "1")) == "number: expected an integer");
    CHECK(whyNot<Everything>(with("number", 5'000'000'000)) == "number: is out of range");
    CHECK(whyNot<Everything>(with("count", -1)) == "count: is out of range");
    CHECK(whyNot<Everything>(with("ratio", "x")) == "ratio: expected a number");
    CHECK(whyNot<Everything>(with("mood", "sad")) == "mood: expected one of happy, grumpy, default");
    CHECK(whyNot<Everything>(with("mood", 1)) == "mood: expected text");
    CHECK(whyNot<Everything>(with("ports", {{{"host", "a"}, {"port", 1}}, {{"host", 2}, {"port", 1}}})) ==
          "ports[1].host: expected text");
    CHECK(whyNot<Everything>(with("ports", "x")) == "ports: expected a list");
    CHECK(whyNot<Everything>(with("lists", {{"a", {1, "x"}}})) == "lists.a[1]: expected an integer");
    CHECK(whyNot<Everything>("[]") == "expected an object");
    CHECK(whyNot<Everything>("{").starts_with("is not JSON: "));
    CHECK(whyNot<Everything>("{} x").starts_with("is not JSON: "));
    CHECK(whyNot<Node>(std::string(100, '[')).starts_with("is not JSON: "));
}

TEST_CASE("the path and the reason are there apart as well") {
    try {
        talome::read<Port>(boost::json::value{{"host", 1}}, "body");
        FAIL("it was read");
    } catch (const talome::Invalid& invalid) {
        CHECK(invalid.path == "body.host");
        CHECK(invalid.reason == "expected text");
        CHECK(invalid.status == TALOME_E_INVALID);
    }
}

TEST_CASE("unknown members are ignored: what others answer may grow") {
    CHECK(talome::readText<Port>(R"({"host":"a","new":[],"port":1})").port == 1);
}

TEST_CASE("whole numbers may be written as fractions are") {
    CHECK(talome::readText<int>("3.0") == 3);
    CHECK(talome::readText<double>("3") == 3.0);
}

TEST_CASE("what JSON cannot hold is made to fit") {
    CHECK(talome::toJson(std::numeric_limits<double>::infinity()) == "null");
    CHECK(talome::toJson("\xff"
                         "a\xc3") == "\"\xef\xbf\xbd"
                                     "a\xef\xbf\xbd\"");
    CHECK(talome::toJson("\xed\xa0\x80") == "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""); // half of a surrogate pair
    CHECK(talome::toJson("\xc0\xaf") == "\"\xef\xbf\xbd\xef\xbf\xbd\"");                 // overlong
    CHECK(talome::toJson("\xf0\x9f\x98\x80\x7f") == "\"\xf0\x9f\x98\x80\x7f\"");
    CHECK(talome::toJson(std::string("\0", 1)) == "\"\\u0000\"");
}

TEST_CASE("an undescribed value of an enum is an error, and not an empty text") {
    CHECK_THROWS_AS(talome::toJson(static_cast<Mood>(77)), std::logic_error);
}

TEST_CASE("empty and inherited") {
    CHECK(talome::toJson(Empty{}) == "{}");
    CHECK(talome::toJson(std::vector<int>{}) == "[]");
    CHECK(talome::toJson(std::map<std::string, int>{}) == "{}");
    CHECK(talome::toJson(std::vector<bool>{true, false}) == "[true,false]");
    CHECK(talome::readText<std::vector<bool>>("[true,false]") == std::vector<bool>{true, false});
    CHECK(talome::readText<Derived>(R"({"inherited":1,"own":2})").inherited == 1);
}

TEST_CASE("structs that contain themselves") {
    constexpr auto text = R"({"name":"a","children":[{"name":"b","children":[]}]})";
    CHECK(talome::toJson(talome::readText<Node>(text)) == text);
    CHECK(whyNot<Node>(R"({"name":"a","children":[{"name":1,"children":[]}]})") == "children[0].name: expected text");
}

namespace {
struct Contact {
    talome::Nullable<std::string> email;
    std::optional<std::string> phone;
};
BOOST_DESCRIBE_STRUCT(Contact, (), (email, phone))
} // namespace

TEST_CASE("a nullable member is always written, an optional one only with a value") {
    CHECK(talome::toJson(Contact{}) == R"({"email":null})");
    CHECK(talome::toJson(Contact{{"a@b"}, "1"}) == R"({"email":"a@b","phone":"1"})");
    CHECK(talome::readText<Contact>(R"({"email":null})").email.value == std::nullopt);
    CHECK(talome::readText<Contact>(R"({"email":"x"})").email.value == "x");
    CHECK(
        talome::schema<Contact>() ==
        R"({"type":"object","properties":{"email":{"type":["string","null"]},"phone":{"type":"string"}},"required":["email"],"additionalProperties":false})");
}

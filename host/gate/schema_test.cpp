#include "host/gate/input.hpp"
#include "host/gate/schema.hpp"

#include <doctest/doctest.h>

using namespace talome::gate;

namespace {

const char* kPorts = R"({"type":"object","additionalProperties":false,"required":["name"],"properties":{
    "name":{"type":"string","minLength":1,"maxLength":5,"pattern":"^[a-z]+$"},
    "times":{"type":"integer","minimum":1,"maximum":10,"default":3},
    "mood":{"type":"string","enum":["happy","grumpy"]},
    "ports":{"type":"array","maxItems":2,"items":{"type":"object","properties":{"host":{"type":"integer"}},"additionalProperties":false}},
    "labels":{"type":"object","additionalProperties":{"type":"string"}},
    "size":{"type":["number","null"]}}})";

std::string verdict(const char* schema, std::string_view text) {
    auto value = parseJson(text);
    std::string out;
    for (const auto& detail : Schema(parseJson(schema)).check(value)) out += detail.text() + "|";
    return out;
}

std::string failure(std::string_view text) {
    try {
        parseJson(text);
    } catch (const Failure& wrong) {
        return wrong.what();
    }
    return "accepted";
}

} // namespace

TEST_CASE("each rule names the path and the reason") {
    CHECK(verdict(kPorts, R"({"name":"ann"})") == "");
    CHECK(verdict(kPorts, R"({})") == "name: is required|");
    CHECK(verdict(kPorts, R"({"name":""})") == "name: must not be empty|");
    CHECK(verdict(kPorts, R"({"name":"äöüßäö"})") == "name: must have at most 5 characters|");
    CHECK(verdict(kPorts, R"({"name":"A"})") == "name: does not have the form ^[a-z]+$|");
    CHECK(verdict(kPorts, "{\"name\":\"a\\n\"}") == "name: does not have the form ^[a-z]+$|");
    CHECK(verdict(kPorts, R"({"name":5})") == "name: expected a text|");
    CHECK(verdict(kPorts, R"({"name":"a","times":0})") == "times: must be from 1 to 10|");
    CHECK(verdict(kPorts, R"({"name":"a","times":2.5})") == "times: expected an integer|");
    CHECK(verdict(kPorts, R"({"name":"a","times":2.0})") == "");
    CHECK(verdict(kPorts, R"({"name":"a","mood":"sad"})") == "mood: expected one of happy, grumpy|");
    CHECK(verdict(kPorts, R"({"name":"a","ports":[{"host":1},{"host":"x"}]})") ==
          "ports[1].host: expected an integer|");
    CHECK(verdict(kPorts, R"({"name":"a","ports":[{},{},{}]})") == "ports: must have at most 2 elements|");
    CHECK(verdict(kPorts, R"({"name":"a","labels":{"x":1}})") == "labels.x: expected a text|");
    CHECK(verdict(kPorts, R"({"name":"a","size":null})") == "");
    CHECK(verdict(kPorts, R"({"name":"a","size":true})") == "size: expected null or a number|");
    CHECK(verdict(kPorts, R"({"name":"a","other":1})") == "other: is not a known field|");
    CHECK(verdict(kPorts, R"([])") == "expected an object|");
}

TEST_CASE("defaults are filled in") {
    auto value = parseJson(R"({"name":"a"})");
    CHECK(Schema(parseJson(kPorts)).check(value).empty());
    CHECK(canonical(value) == R"({"name":"a","times":3})");
}

TEST_CASE("a schema that names itself") {
    const char* tree = R"({"$ref":"#/$defs/Tree","$defs":{"Tree":{"type":"object","properties":{
        "value":{"type":"integer"},"children":{"type":"array","items":{"$ref":"#/$defs/Tree"}}}}}})";
    CHECK(verdict(tree, R"({"value":1,"children":[{"value":2,"children":[{"value":"x"}]}]})") ==
          "children[0].children[0].value: expected an integer|");
}

TEST_CASE("what the subset lacks is refused when compiling") {
    CHECK_THROWS_AS(Schema(parseJson(R"({"oneOf":[]})")), std::invalid_argument);
    CHECK_THROWS_AS(Schema(parseJson(R"({"type":"strin"})")), std::invalid_argument);
    CHECK_THROWS_AS(Schema(parseJson(R"({"pattern":"("})")), std::invalid_argument);
    CHECK_THROWS_AS(Schema(parseJson(R"({"$ref":"#/$defs/None"})")), std::invalid_argument);
    CHECK_THROWS_AS(Schema(parseJson(R"({"minimum":"1"})")), std::invalid_argument);
}

TEST_CASE("text of the path and query becomes what the schema wants") {
    const Schema schema(parseJson(R"({"type":"object","properties":{"n":{"type":"integer"},"on":{"type":"boolean"},
        "s":{"type":"string"},"l":{"type":"array","items":{"type":"integer"}},"f":{"type":"number"},"t":{"type":["string","integer"]}}})"));
    boost::json::object into;
    for (const auto& [name, text] :
         {std::pair{"n", "5"}, {"on", "true"}, {"s", "5"}, {"l", "1"}, {"l", "2"}, {"f", "1.5"}, {"t", "7"}})
        schema.put(into, name, text);
    CHECK(canonical(into) == R"({"f":1.5E0,"l":[1,2],"n":5,"on":true,"s":"5","t":"7"})");
    boost::json::object wrong;
    schema.put(wrong, "n", "5x");
    boost::json::value value(wrong);
    CHECK(schema.check(value).at(0).text() == "n: expected an integer");
}

TEST_CASE("JSON is read strictly") {
    CHECK(failure(R"({"a":1,"a":2})") == "a: is given twice");
    CHECK(failure(R"({"a":{"b":1,"b":2}})") == "b: is given twice");
    CHECK(failure(R"([{"b":1},{"b":2}])") == "accepted");
    CHECK(failure(R"({"a":1} x)").starts_with("the body is not valid JSON"));
    CHECK(failure("{\"a\":\"\xff\"}").starts_with("the body is not valid JSON"));
    CHECK(failure("").starts_with("the body is not valid JSON"));
    CHECK(failure("{\"a\":").starts_with("the body is not valid JSON"));
    CHECK(failure(std::string(100, '[')).starts_with("the body is not valid JSON"));
    CHECK(canonical(parseJson(R"({"b":[1,{"d":null,"c":"x"}],"a":1.0})")) == R"({"a":1E0,"b":[1,{"c":"x","d":null}]})");
}

TEST_CASE("what is secret, or described by nobody, is hidden") {
    const Schema schema(parseJson(R"({"type":"object","properties":{
        "name":{"type":"string"},"password":{"type":"string","writeOnly":true},"anything":{},
        "tries":{"type":"array","items":{"type":"object","properties":{"code":{"type":"string","writeOnly":true},"at":{"type":"integer"}}}},
        "words":{"type":"object","additionalProperties":{"type":"string"}}}})"));
    CHECK(
        canonical(schema.redacted(parseJson(
            R"({"name":"n","password":"p","anything":{"k":1},"tries":[{"code":"c","at":1}],"words":{"a":"b"},"other":5})"))) ==
        R"({"***":"***","anything":"***","name":"n","password":"***","tries":[{"at":1,"code":"***"}],"words":{"a":"b"}})");
    CHECK(canonical(Schema(parseJson(R"({"type":"object","additionalProperties":{}})"))
                        .redacted(parseJson(R"({"key":"value"})"))) == R"({"key":"***"})");
}

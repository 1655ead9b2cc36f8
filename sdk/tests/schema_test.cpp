// Schemas of described types, and what a declaration adds to them.
#include "shapes.hpp"

#include "../manifest/schema_check.hpp"

#include <talome/declare.hpp>

#include <doctest/doctest.h>

using namespace shapes;

namespace {

std::string annotated(std::initializer_list<talome::detail::Note> notes) {
    return talome::detail::annotate(talome::schema<Everything>(), notes);
}

template <class... Rule> talome::detail::Note note(const char* field, const char* description, const Rule&... rules) {
    talome::detail::Note made{field, description, {}, {}};
    (made.add(rules), ...);
    return made;
}

boost::json::value property(const std::string& schema, const char* name) {
    return boost::json::parse(schema).at("properties").at(name);
}

bool isRequired(const std::string& schema, std::string_view name) {
    const auto names = boost::json::parse(schema).at("required").as_array();
    return std::ranges::find(names, boost::json::value(boost::json::string(name))) != names.end();
}

} // namespace

TEST_CASE("the schema of a struct") {
    CHECK(
        talome::schema<Port>() ==
        R"({"type":"object","properties":{"host":{"type":"string"},"port":{"type":"integer"},"protocol":{"type":"string"}},)"
        R"("required":["host","port"],"additionalProperties":false})");
    CHECK(talome::schema<Empty>() == R"({"type":"object","properties":{},"additionalProperties":false})");
    CHECK(talome::schema<Empty>(false) == R"({"type":"object","properties":{}})");
    CHECK(talome::schema<std::vector<Mood>>() ==
          R"({"type":"array","items":{"type":"string","enum":["happy","grumpy","default"]}})");
    CHECK(talome::schema<std::map<std::string, unsigned>>() ==
          R"({"type":"object","additionalProperties":{"type":"integer","minimum":0}})");
    CHECK(talome::schema<std::optional<bool>>() == R"({"type":"boolean"})");
    CHECK(talome::schema<talome::Json>() == "{}");
}

TEST_CASE("a struct that contains itself is defined once") {
    CHECK(
        talome::schema<Node>() ==
        R"({"type":"object","properties":{"name":{"type":"string"},"children":{"type":"array","items":{"$ref":"#/$defs/Node"}}},)"
        R"("required":["name","children"],"additionalProperties":false,"$defs":{"Node":{"type":"object","properties":{)"
        R"("name":{"type":"string"},"children":{"type":"array","items":{"$ref":"#/$defs/Node"}}},)"
        R"("required":["name","children"],"additionalProperties":false}}})");
    const auto two = talome::schema<Leaf>();
    CHECK(two.find(R"("$defs":{)") != two.npos);
    CHECK(two.find(R"("Node":{)") != two.npos);
    CHECK_NOTHROW(talome::manifest::readInputSchema(two.c_str(), "two"));
}

TEST_CASE("every schema that is made is one that the host reads") {
    CHECK_NOTHROW(talome::manifest::readInputSchema(talome::schema<Everything>().c_str(), "x"));
    CHECK_NOTHROW(talome::manifest::readSchema(talome::schema<std::vector<Node>>().c_str(), "x"));
}

TEST_CASE("descriptions, rules and defaults") {
    const auto schema = annotated({note("number", "how many", talome::range(0, 10), 5),
                                   note("text", "", talome::length(1, 3), talome::pattern("^a")),
                                   note("mood", "how it is", Mood::grumpy), note("ports", "", talome::items(0, 2)),
                                   note("flag", "", false), note("ports[].host", "", talome::oneOf({"a", "b"}), "a"),
                                   note("ratio", "", talome::atLeast(0.5))});
    CHECK(property(schema, "number") ==
          boost::json::parse(R"({"type":"integer","minimum":0,"maximum":10,"description":"how many","default":5})"));
    CHECK(property(schema, "text") ==
          boost::json::parse(R"({"type":"string","minLength":1,"maxLength":3,"pattern":"^a"})"));
    CHECK(property(schema, "mood").at("default") == "grumpy");
    CHECK(property(schema, "flag").at("default") == false);
    CHECK(property(schema, "ports").at("maxItems") == 2);
    CHECK(property(schema, "ports").at("items").at("properties").at("host").at("default") == "a");
    CHECK(property(schema, "ports").at("items").at("required") == boost::json::value{"port"});
    CHECK_FALSE(isRequired(schema, "number"));
    CHECK_FALSE(isRequired(schema, "mood"));
    CHECK(isRequired(schema, "text"));
    CHECK_NOTHROW(talome::manifest::readInputSchema(schema.c_str(), "x"));
}

TEST_CASE("mistakes in a declaration are found") {
    CHECK_THROWS_WITH(annotated({note("nmber", "")}), "there is no input \"nmber\"");
    CHECK_THROWS_WITH(annotated({note("ports.host", "")}), "there is no input \"ports.host\"");
    CHECK_THROWS_WITH(annotated({note("text", "", talome::range(1, 2))}),
                      "input \"text\": minimum does not fit the type string");
    CHECK_THROWS_WITH(annotated({note("number", "", talome::length(1, 2))}),
                      "input \"number\": minLength does not fit the type integer");
}

TEST_CASE("words outside the subset are refused with their path") {
    using talome::manifest::readInputSchema;
    auto why = [](const char* text) {
        try {
            readInputSchema(text, "op.input");
            return std::string("it was read");
        } catch (const talome::Invalid& invalid) {
            return std::string(invalid.what());
        }
    };
    CHECK(why("{") == "op.input: is not JSON: incomplete JSON");
    CHECK(why("[]") == "op.input: expected a schema");
    CHECK(why("{}") == "op.input: expected the schema of an object");
    CHECK(why(R"({"type":"object","properties":{"a":{"oneOf":[]}}})") ==
          "op.input.properties.a.oneOf: is not in the supported subset of JSON Schema");
    CHECK(why(R"({"type":"object","properties":{"a":{"type":"text"}}})")
              .starts_with("op.input.properties.a.type: expected object"));
    CHECK(why(R"({"type":"object","properties":{"a":{"$ref":"#/$defs/B"}}})") ==
          "op.input.properties.a.$ref: there is no such entry in $defs");
    CHECK(why(R"({"type":"object","required":["b"]})") == "op.input.required: there is no property b");
    CHECK(why(R"({"type":"object","properties":{"a":{"minLength":-1}}})") ==
          "op.input.properties.a.minLength: expected a count");
    CHECK(why(R"({"type":"object","properties":{"a":{"$defs":{}}}})")
              .starts_with("op.input.properties.a.$defs: expected"));
    CHECK(why(R"({"type":"object","properties":{"a":{"type":["string","null"]}}})") == "it was read");
}

TEST_CASE("an input that sounds like a secret must be said to be one") {
    using talome::manifest::readInputSchema;
    const auto refusal = [](const char* schema) -> std::string {
        try {
            readInputSchema(schema, "input");
            return {};
        } catch (const talome::Invalid& wrong) {
            return wrong.path;
        }
    };
    CHECK(refusal(R"({"type":"object","properties":{"newPassword":{"type":"string"}}})") == "input.newPassword");
    CHECK(refusal(R"({"type":"object","properties":{"apiKey":{"type":"string","writeOnly":true}}})").empty());
    CHECK(
        refusal(R"({"type":"object","properties":{"token":{"type":"boolean"},"tokens":{"type":"integer"}}})").empty());
    CHECK(
        refusal(
            R"({"type":"object","properties":{"logins":{"type":"array","items":{"type":"object","properties":{"secret":{"type":"string"}}}}}})") ==
        "input.logins[].secret");
}

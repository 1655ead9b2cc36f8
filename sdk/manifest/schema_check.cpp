// Walks a schema once and refuses what the host would not understand: a rule that is silently ignored is worse than
// none.
#include "schema_check.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace talome::manifest {

namespace {

using boost::json::value;

constexpr std::string_view kDefs = "#/$defs/";
constexpr int kMaxDepth = 24;

class Check {
public:
    explicit Check(const value& root) : root_(root) {}
    void schema(const value& at, const std::string& path, int depth = 0);

private:
    void word(std::string_view name, const value& rule, const std::string& path, int depth);
    void each(const value& schemas, const std::string& path, int depth);
    void reference(const value& rule, const std::string& path) const;
    const value& root_;
};

[[noreturn]] void refuse(const std::string& path, const std::string& why) { throw Invalid(path, why); }

bool isOneOf(std::string_view text, std::initializer_list<std::string_view> list) {
    return std::ranges::find(list, text) != list.end();
}

void expect(bool right, const std::string& path, const char* wanted) {
    if (!right) refuse(path, std::string("expected ") + wanted);
}

bool isType(const value& rule) {
    return rule.is_string() &&
           isOneOf(rule.get_string(), {"object", "array", "string", "integer", "number", "boolean", "null"});
}

bool isTexts(const value& rule) {
    return rule.is_array() && std::ranges::all_of(rule.get_array(), [](const value& one) { return one.is_string(); });
}

void Check::schema(const value& at, const std::string& path, int depth) {
    if (!at.is_object()) refuse(path, "expected a schema");
    if (depth > kMaxDepth) refuse(path, "is nested too deeply");
    for (const auto& pair : at.get_object()) {
        const std::string name(pair.key());
        word(name, pair.value(), std::string(path).append(".").append(name), depth);
    }
    if (const auto* required = at.get_object().if_contains("required"))
        for (const value& name : required->get_array())
            if (!hasProperty(at, name.get_string()))
                refuse(path + ".required", "there is no property " + std::string(name.get_string()));
}

void Check::word(std::string_view name, const value& rule, const std::string& path, int depth) {
    if (name == "type")
        expect(isType(rule) || (rule.is_array() && std::ranges::all_of(rule.get_array(), isType)), path,
               "object, array, string, integer, number, boolean or null, or a list of these");
    else if (name == "properties")
        each(rule, path, depth);
    else if (name == "$defs") {
        expect(root_.get_object().if_contains("$defs") == &rule, path, "to stand at the top only");
        each(rule, path, depth);
    } else if (name == "items")
        schema(rule, path, depth + 1);
    else if (name == "additionalProperties") {
        if (!rule.is_bool()) schema(rule, path, depth + 1);
    } else if (name == "$ref")
        reference(rule, path);
    else if (name == "required")
        expect(isTexts(rule), path, "a list of names");
    else if (name == "enum")
        expect(rule.is_array() && !rule.get_array().empty(), path, "a list of values");
    else if (isOneOf(name, {"minimum", "maximum"}))
        expect(rule.is_number(), path, "a number");
    else if (isOneOf(name, {"minLength", "maxLength", "minItems", "maxItems"}))
        expect((rule.is_int64() && rule.get_int64() >= 0) || rule.is_uint64(), path, "a count");
    else if (isOneOf(name, {"pattern", "title", "description", "format"}))
        expect(rule.is_string(), path, "text");
    else if (name == "writeOnly")
        expect(rule.is_bool(), path, "true or false");
    else if (!isOneOf(name, {"default", "examples", "deprecated"}))
        refuse(path, "is not in the supported subset of JSON Schema");
}

void Check::each(const value& schemas, const std::string& path, int depth) {
    expect(schemas.is_object(), path, "an object of schemas");
    for (const auto& pair : schemas.get_object()) schema(pair.value(), path + "." + std::string(pair.key()), depth + 1);
}

void Check::reference(const value& rule, const std::string& path) const {
    expect(rule.is_string() && std::string_view(rule.get_string()).starts_with(kDefs), path, "\"#/$defs/NAME\"");
    const auto* defs = root_.get_object().if_contains("$defs");
    const auto name = std::string_view(rule.get_string()).substr(kDefs.size());
    if (!defs || !defs->is_object() || !defs->get_object().contains(name))
        refuse(path, "there is no such entry in $defs");
}

/// A field with such a name holds what must not be seen, whoever forgot to say so.
bool soundsSecret(std::string_view name) {
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const std::string_view word : {"password", "passphrase", "secret", "apikey", "api_key", "token"})
        if (lower.ends_with(word)) return true;
    return false;
}

void requireSecrets(const value& schema, const std::string& path) {
    const auto* properties = schema.is_object() ? schema.get_object().if_contains("properties") : nullptr;
    if (!properties || !properties->is_object()) return;
    for (const auto& pair : properties->get_object()) {
        const std::string at = path + "." + std::string(pair.key());
        const auto& field = pair.value();
        const auto* type = field.is_object() ? field.get_object().if_contains("type") : nullptr;
        const auto* hidden = field.is_object() ? field.get_object().if_contains("writeOnly") : nullptr;
        if (type && *type == value("string") && soundsSecret(pair.key()) && !(hidden && *hidden == value(true)))
            refuse(at, "sounds like a secret: say that it is one (writeOnly, in C++ secret()), or rename it");
        requireSecrets(field, at);
        if (field.is_object() && field.get_object().contains("items")) requireSecrets(field.at("items"), at + "[]");
    }
}

} // namespace

value readSchema(const char* text, const std::string& where) {
    boost::system::error_code error;
    value schema = boost::json::parse(text ? text : "", error);
    if (error) refuse(where, "is not JSON: " + error.message());
    Check(schema).schema(schema, where);
    return schema;
}

value readInputSchema(const char* text, const std::string& where) {
    value schema = readSchema(text, where);
    const auto* type = schema.get_object().if_contains("type");
    if (!type || *type != value("object")) refuse(where, "expected the schema of an object");
    requireSecrets(schema, where);
    return schema;
}

bool hasProperty(const value& schema, std::string_view name) {
    const auto* properties = schema.is_object() ? schema.get_object().if_contains("properties") : nullptr;
    return properties && properties->is_object() && properties->get_object().contains(name);
}

} // namespace talome::manifest

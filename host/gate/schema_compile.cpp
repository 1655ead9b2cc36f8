// Compiles a JSON Schema into nodes, and refuses what lies outside of the subset.
#include "host/gate/schema_node.hpp"

#include <Poco/Exception.h>
#include <boost/system/system_error.hpp>
#include <stdexcept>

namespace json = boost::json;

namespace talome::gate {

namespace {

constexpr std::pair<std::string_view, unsigned> kTypes[] = {
    {"null", kNull},     {"boolean", kBoolean}, {"integer", kInteger}, {"number", kNumber},
    {"string", kString}, {"array", kArray},     {"object", kObject}};

unsigned typeNamed(std::string_view name) {
    for (const auto& [known, bit] : kTypes)
        if (name == known) return bit;
    throw std::invalid_argument("schema: there is no type '" + std::string(name) + "'");
}

} // namespace

/// Compiles; knows the definitions that `$ref` may name.
struct Schema::Compiler {
    std::vector<std::shared_ptr<Node>>& nodes;
    const json::object* definitions = nullptr;
    std::map<std::string, const Node*, std::less<>> named;

    const Node* compile(const json::value& schema) {
        const auto node = std::make_shared<Node>();
        nodes.push_back(node);
        fill(*node, schema);
        return node.get();
    }

    void fill(Node& node, const json::value& schema) {
        if (const auto* flag = schema.if_bool(); flag && *flag) return;
        const auto* object = schema.if_object();
        if (!object) throw std::invalid_argument("schema: expected an object");
        for (const auto& [key, value] : *object) keyword(node, key, value);
        for (const auto& name : node.required)
            if (!node.members.contains(name))
                throw std::invalid_argument("schema: required member '" + name + "' has no property");
    }

    void keyword(Node& node, std::string_view key, const json::value& value) {
        if (key == "type") {
            node.types = 0;
            if (value.is_string())
                node.types = typeNamed(value.get_string());
            else
                for (const auto& each : value.as_array()) node.types |= typeNamed(each.as_string());
        } else if (key == "properties") {
            for (const auto& [name, each] : value.as_object()) node.members[name] = compile(each);
        } else if (key == "required") {
            for (const auto& each : value.as_array()) node.required.emplace(each.as_string());
        } else if (key == "additionalProperties") {
            if (value.is_bool() && !value.get_bool())
                node.closed = true;
            else if (value.is_object())
                node.others = compile(value);
        } else if (key == "items")
            node.items = compile(value);
        else if (key == "enum")
            node.oneOf.assign(value.as_array().begin(), value.as_array().end());
        else if (key == "minimum")
            node.least = value.to_number<double>();
        else if (key == "maximum")
            node.most = value.to_number<double>();
        else if (key == "minLength")
            node.shortest = value.to_number<std::size_t>();
        else if (key == "maxLength")
            node.longest = value.to_number<std::size_t>();
        else if (key == "minItems")
            node.fewest = value.to_number<std::size_t>();
        else if (key == "maxItems")
            node.mostItems = value.to_number<std::size_t>();
        else if (key == "pattern") {
            node.patternText = std::string(value.as_string());
            try {
                node.pattern = std::make_shared<Poco::RegularExpression>(
                    node.patternText, Poco::RegularExpression::RE_UTF8 | Poco::RegularExpression::RE_DOLLAR_ENDONLY);
            } catch (const Poco::Exception& wrong) {
                throw std::invalid_argument("schema: pattern '" + node.patternText + "': " + wrong.displayText());
            }
        } else if (key == "default")
            node.fallback = value;
        else if (key == "writeOnly")
            node.secret = value.as_bool();
        else if (key == "$ref")
            node.reference = definition(value.as_string());
        else if (key != "description" && key != "title" && key != "format" && key != "examples" && key != "$defs" &&
                 key != "deprecated")
            throw std::invalid_argument("schema: '" + std::string(key) + "' is not in the supported subset");
    }

    const Node* definition(std::string_view reference) {
        constexpr std::string_view prefix = "#/$defs/";
        const auto* found = definitions && reference.starts_with(prefix)
                                ? definitions->if_contains(reference.substr(prefix.size()))
                                : nullptr;
        if (!found) throw std::invalid_argument("schema: '" + std::string(reference) + "' names no definition");
        if (const auto it = named.find(reference); it != named.end()) return it->second;
        const auto node = std::make_shared<Node>();
        nodes.push_back(node);
        named.emplace(reference, node.get()); // before its content, which may name it again
        fill(*node, *found);
        return node.get();
    }
};

Schema::Schema(const json::value& schema) {
    Compiler compiler{nodes_, nullptr, {}};
    if (const auto* object = schema.if_object())
        if (const auto* definitions = object->if_contains("$defs")) compiler.definitions = definitions->if_object();
    try {
        root_ = compiler.compile(schema);
    } catch (const boost::system::system_error& wrong) {
        throw std::invalid_argument(std::string("schema: a keyword has a value of a wrong type: ") + wrong.what());
    }
}

Schema::~Schema() = default;
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;

} // namespace talome::gate

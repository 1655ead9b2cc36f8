// Values of settings as text, and back by the type that their schema names.
#include "host/settings/text.hpp"

#include "host/gate/input.hpp"

#include <algorithm>

namespace json = boost::json;

namespace talome::settings {

namespace {

bool takesText(const json::value& schema) {
    const auto* object = schema.if_object();
    if (!object) return true;
    if (const auto* type = object->if_contains("type")) {
        if (type->is_string()) return type->get_string() == "string";
        return type->is_array() &&
               std::ranges::find(type->get_array(), json::value("string")) != type->get_array().end();
    }
    if (const auto* choices = object->if_contains("enum"))
        return choices->is_array() &&
               std::ranges::any_of(choices->get_array(), [](const json::value& each) { return each.is_string(); });
    return !object->contains("$ref");
}

} // namespace

std::string toText(const json::value& value) {
    if (value.is_null()) return {};
    if (const auto* text = value.if_string()) return std::string(*text);
    return gate::canonical(value);
}

json::value fromText(const json::value& schema, std::string_view text) {
    if (takesText(schema)) return json::value(text);
    try {
        return gate::parseJson(text);
    } catch (const gate::Failure&) {
        return json::value(text); // "expected an integer" says more than what is wrong with the JSON
    }
}

} // namespace talome::settings

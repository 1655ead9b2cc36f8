// Definitions of declare.hpp.
#pragma once

#include <algorithm>

namespace talome::detail {

/// One step down: "name" into properties, "name[]" into its items as well.
inline boost::json::object* stepInto(boost::json::object& schema, std::string_view step, bool drop) {
    const bool list = step.ends_with("[]");
    const std::string_view name = list ? step.substr(0, step.size() - 2) : step;
    auto* properties = schema.if_contains("properties");
    auto* found = properties && properties->is_object() ? properties->get_object().if_contains(name) : nullptr;
    if (found && list) found = found->is_object() ? found->get_object().if_contains("items") : nullptr;
    if (!found || !found->is_object()) return nullptr;
    if (drop) {
        if (auto* required = schema.if_contains("required"); required && required->is_array()) {
            auto& names = required->get_array();
            names.erase(std::remove(names.begin(), names.end(), boost::json::value(boost::json::string(name))),
                        names.end());
            if (names.empty()) schema.erase("required");
        }
    }
    return &found->get_object();
}

inline boost::json::object& fieldOf(boost::json::object& schema, std::string_view field, bool drop) {
    boost::json::object* at = &schema;
    for (std::string_view rest = field; at && !rest.empty();) {
        const std::size_t dot = rest.find('.');
        const bool last = dot == rest.npos;
        at = stepInto(*at, rest.substr(0, dot), drop && last);
        rest = last ? std::string_view{} : rest.substr(dot + 1);
    }
    if (!at) throw std::logic_error("there is no input \"" + std::string(field) + "\"");
    return *at;
}

/// The JSON types that a word of a schema says something about.
inline bool wordFits(std::string_view word, std::string_view type) {
    if (word == "minimum" || word == "maximum") return type == "integer" || type == "number";
    if (word == "writeOnly") return true;
    if (word == "minItems" || word == "maxItems") return type == "array";
    return type == "string";
}

[[noreturn]] inline void refuseWord(const std::string& field, const std::string& word, const std::string& type) {
    throw std::logic_error("input \"" + field + "\": " + word + " does not fit the type " + type);
}

inline std::string annotate(const std::string& schema, const std::vector<Note>& notes) {
    if (notes.empty()) return schema;
    boost::json::value value = parse(schema);
    for (const Note& note : notes) {
        auto& field = fieldOf(value.as_object(), note.field, note.fallback.has_value());
        const auto* type = field.if_contains("type");
        if (type && type->is_array()) type = &type->get_array().at(0); // or null
        const std::string typeName = type && type->is_string() ? std::string(type->get_string()) : std::string();
        for (const auto& [word, rule] : note.words) {
            if (!wordFits(word, typeName)) refuseWord(note.field, word, typeName);
            field[word] = rule;
        }
        if (!note.description.empty()) field["description"] = note.description;
        if (note.fallback && !note.field.empty()) field["default"] = parse(*note.fallback);
    }
    return toJson(value);
}

} // namespace talome::detail

// The OpenAPI 3.1 document, made from the declarations.
#include "host/api/openapi.hpp"

#include "host/gate/call.hpp"
#include "host/gate/tier.hpp"
#include <Poco/String.h>
#include <algorithm>

namespace json = boost::json;

namespace talome::api {

namespace {

using manifest::Operation;
using manifest::Route;

json::object jsonContent(json::value schema) {
    return {{"application/json", json::object{{"schema", std::move(schema)}}}};
}

json::object errorResponse(const char* description) {
    return {{"description", description},
            {"content", jsonContent(json::object{{"$ref", "#/components/schemas/Error"}})}};
}

std::set<std::string, std::less<>> pathParameters(const std::string& path) {
    std::set<std::string, std::less<>> names;
    for (std::size_t at = 0; (at = path.find('{', at)) != std::string::npos; ++at)
        names.insert(path.substr(at + 1, path.find('}', at) - at - 1));
    return names;
}

/// `$defs` of a declared schema would lose their root inside the document: they become components of this operation.
void liftDefinitions(json::value& schema, const std::string& prefix, json::object& components) {
    if (auto* list = schema.if_array())
        for (auto& each : *list) liftDefinitions(each, prefix, components);
    auto* object = schema.if_object();
    if (!object) return;
    if (auto* definitions = object->if_contains("$defs")) {
        auto moved = std::move(definitions->as_object());
        object->erase("$defs");
        for (auto& [name, definition] : moved) {
            liftDefinitions(definition, prefix, components);
            components[prefix + std::string(name)] = std::move(definition);
        }
    }
    for (auto& [key, value] : *object) {
        constexpr std::string_view local = "#/$defs/";
        if (key == "$ref" && value.is_string() && std::string_view(value.get_string()).starts_with(local))
            value = "#/components/schemas/" + prefix +
                    std::string(std::string_view(value.get_string()).substr(local.size()));
        else
            liftDefinitions(value, prefix, components);
    }
}

struct Inputs {
    json::array parameters;
    json::object body; ///< a schema; empty: none
};

/// Which inputs stand in the path, which in the query, and which in the body, is the route's matter.
Inputs inputsOf(const Operation& operation, const Route& route, const json::object& schema) {
    Inputs inputs;
    const auto inPath = pathParameters(route.path);
    const bool hasBody = route.method != "GET" && route.method != "DELETE" && operation.kind == manifest::Kind::call;
    json::object properties;
    json::array required;
    const json::object none;
    const auto* members = schema.if_contains("properties");
    const auto& declared = members ? members->as_object() : none;
    const auto* needed = schema.if_contains("required");
    const auto* others = schema.if_contains("additionalProperties"); // a map, or what a map has besides
    const bool isMap = hasBody && others && others->is_object();
    for (const auto& [key, value] : declared) {
        std::string name(key);
        for (const auto& [given, known] : route.rename)
            if (known == name) name = given;
        const bool must = needed && std::find(needed->as_array().begin(), needed->as_array().end(), json::value(key)) !=
                                        needed->as_array().end();
        if (inPath.contains(name) || !hasBody) {
            json::object parameter{{"name", name},
                                   {"in", inPath.contains(name) ? "path" : "query"},
                                   {"required", must || inPath.contains(name)},
                                   {"schema", value}};
            if (value.is_object() && value.get_object().contains("description"))
                parameter["description"] = value.at("description");
            inputs.parameters.push_back(std::move(parameter));
        } else {
            properties[name] = value;
            if (must) required.push_back(json::value(name));
        }
    }
    if (properties.empty() && !isMap) return inputs;
    inputs.body = {{"type", "object"}, {"additionalProperties", isMap ? *others : json::value(false)}};
    if (!properties.empty()) inputs.body["properties"] = std::move(properties);
    if (!required.empty()) inputs.body["required"] = std::move(required);
    return inputs;
}

json::object jsonBody(json::object schema) {
    const bool needed = schema.contains("required");
    return {{"required", needed}, {"content", jsonContent(std::move(schema))}};
}

/// A form of files, or one file that is the body; a raw route takes whatever it takes.
json::object wireBody(const Operation& operation) {
    const json::object any{{"application/octet-stream", json::object{}}};
    if (operation.kind != manifest::Kind::upload) return {{"content", any}};
    json::object content = any;
    const json::object file{{"type", "string"}, {"contentMediaType", "application/octet-stream"}};
    content["multipart/form-data"] =
        json::object{{"schema", json::object{{"type", "object"}, {"additionalProperties", file}}}};
    return {{"required", true}, {"content", std::move(content)}};
}

/// The status of a success, and what it is.
std::pair<std::string, json::object> successOf(const Operation& operation, const Route& route,
                                               const std::string& prefix, json::object& components) {
    const json::object text{{"schema", json::object{{"type", "string"}}}};
    if (operation.kind == manifest::Kind::websocket) return {"101", {{"description", "a WebSocket (RFC 6455)"}}};
    json::object success{{"description", "done"}};
    if (operation.kind == manifest::Kind::events) success["description"] = "events, for as long as the client stays";
    if (operation.output) {
        auto output = *operation.output;
        liftDefinitions(output, prefix, components);
        success["content"] = jsonContent(std::move(output));
    } else if (!operation.outputType.empty() && operation.outputType != "application/json") {
        success["content"] = json::object{{operation.outputType.substr(0, operation.outputType.find(';')), text}};
    }
    return {std::to_string(route.success), std::move(success)};
}

/// What OpenAPI has no word for.
void addExtensions(json::object& object, const gate::Endpoint& endpoint) {
    const auto& operation = endpoint.declared;
    if (operation.kind == manifest::Kind::raw) object["x-raw"] = true; // no plugin calls it, and no model
    if (operation.passesOn.value_or(false)) object["x-passesOn"] = true;
    if (operation.tierRules) object["x-lowestTier"] = boost::describe::enum_to_string(gate::lowestTier(operation), "");
    if (operation.kind == manifest::Kind::websocket) {
        object["x-websocket"] = true;
        if (endpoint.lateAuthentication) object["x-first-message"] = true; // may say who the client is
        if (!operation.protocols.empty()) object["x-protocols"] = json::value_from(operation.protocols);
    }
    if (operation.kind == manifest::Kind::events) {
        json::array sources;
        for (const auto& source : operation.sources)
            sources.push_back(
                json::object{{"topic", source.pattern}, {"event", source.event.value_or(source.pattern)}});
        object["x-events"] = std::move(sources);
    }
}

json::object operationObject(const gate::Endpoint& endpoint, const Route& route, std::size_t index,
                             json::object& components) {
    const auto& operation = endpoint.declared;
    auto prefix = Poco::replace(operation.id, std::string("."), std::string("_")) + "_";
    auto input = operation.input;
    liftDefinitions(input, prefix, components);
    json::object object{{"operationId", index == 0 ? operation.id : operation.id + "_" + std::to_string(index + 1)},
                        {"summary", operation.summary},
                        {"tags", json::array{json::value(operation.id.substr(0, operation.id.find('.')))}},
                        {"x-permission", operation.permission},
                        {"x-tier", boost::describe::enum_to_string(operation.tier, "")},
                        {"x-plugin", endpoint.plugin}};
    addExtensions(object, endpoint);
    auto inputs = inputsOf(operation, route, input.as_object());
    if (!inputs.parameters.empty()) object["parameters"] = std::move(inputs.parameters);
    if (!inputs.body.empty())
        object["requestBody"] = jsonBody(std::move(inputs.body));
    else if (operation.kind == manifest::Kind::upload || (operation.kind == manifest::Kind::raw && operation.maxBody))
        object["requestBody"] = wireBody(operation);
    auto [status, success] = successOf(operation, route, prefix, components);
    json::object responses{{status, std::move(success)}, {"400", errorResponse("an input is wrong")}};
    if (operation.permission == "public")
        object["security"] = json::array{json::object{}};
    else {
        responses["401"] = errorResponse("no valid token");
        responses["403"] = errorResponse("not permitted");
    }
    responses["default"] = errorResponse("any other failure");
    object["responses"] = std::move(responses);
    return object;
}

/// The object of this key, which is made if it is not there.
json::object& objectAt(json::object& in, const std::string& key) {
    auto& value = in[key];
    if (!value.is_object()) value.emplace_object();
    return value.get_object();
}

json::object errorSchema() {
    const json::object text{{"type", "string"}};
    const json::object detail{{"type", "object"},
                              {"properties", json::object{{"path", text}, {"message", text}}},
                              {"required", json::array{"path", "message"}}};
    return {{"type", "object"},
            {"required", json::array{"error"}},
            {"properties", json::object{{"error", text},
                                        {"details", json::object{{"type", "array"}, {"items", detail}}},
                                        {"errorId", text},
                                        {"timestamp", text},
                                        {"retryAfter", json::object{{"type", "integer"}, {"description", "seconds"}}},
                                        {"authenticated", json::object{{"type", "boolean"}}}}}};
}

} // namespace

std::string openApiDocument(const gate::Snapshot& snapshot) {
    json::object paths, components{{"Error", errorSchema()}};
    json::object listeners; // id -> paths: another port may have the same ones
    for (const auto& [id, endpoint] : snapshot.operations) {
        std::size_t index = 0;
        for (const auto& route : endpoint->declared.routes) {
            auto& there = route.listener ? objectAt(listeners, *route.listener) : paths;
            objectAt(there, route.path)[Poco::toLower(route.method)] =
                operationObject(*endpoint, route, index++, components);
        }
    }
    const json::object schemes{
        {"bearer", json::object{{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}}},
        {"cookie", json::object{{"type", "apiKey"}, {"in", "cookie"}, {"name", "talome_session"}}}};
    json::object document{
        {"openapi", "3.1.0"},
        {"info",
         json::object{{"title", "Talome"},
                      {"version", TALOME_VERSION},
                      {"license", json::object{{"name", "MIT"}, {"identifier", "MIT"}}},
                      {"description",
                       "What this server offers at this moment: its own operations and those of its active plugins."}}},
        {"servers", json::array{json::object{{"url", "/"}}}},
        {"security", json::array{json::object{{"bearer", json::array{}}}, json::object{{"cookie", json::array{}}}}},
        {"paths", std::move(paths)},
        {"components", json::object{{"securitySchemes", schemes}, {"schemas", std::move(components)}}}};
    if (!listeners.empty()) document["x-listeners"] = std::move(listeners);
    return json::serialize(document);
}

OpenApi::OpenApi(Registry& registry) {
    registry.operation("openapi.get", "This document", session, Tier::read, this, &OpenApi::get)
        .route("GET", "/api/openapi.json");
}

Json OpenApi::get(Call& call) {
    const auto& snapshot = call.raw()->snapshot;
    const std::lock_guard lock(mutex_);
    if (madeFor_.lock() != snapshot) {
        text_ = openApiDocument(*snapshot);
        madeFor_ = snapshot;
    }
    return Json{text_};
}

} // namespace talome::api

// talomectl plugin list, operations, call: what the API document says can be called, called by its name.
#include "host/ctl/commands.hpp"
#include "host/ctl/output.hpp"
#include "host/ctl/secret_input.hpp"
#include "host/http/query.hpp"

#include <Poco/String.h>
#include <algorithm>
#include <iostream>

namespace json = boost::json;

namespace talome::ctl {

namespace {

struct Found {
    std::string method, path;
    json::object operation;
};

template <class Visit> void each(const json::value& document, Visit visit) {
    for (const auto& [path, methods] : document.at("paths").as_object())
        for (const auto& [method, operation] : methods.as_object())
            visit(Found{Poco::toUpper(std::string(method)), std::string(path), operation.as_object()});
}

/// As it stands in a path or a query.
std::string encoded(const json::value& value) {
    return http::percentEncode(value.is_string() ? std::string(value.get_string()) : json::serialize(value));
}

Found routeOf(const Client& client, const std::string& operation) {
    Found route;
    each(client.get("/api/openapi.json"), [&](Found found) {
        if (found.operation.at("operationId") == json::string(operation)) route = std::move(found);
    });
    if (route.path.empty())
        throw std::runtime_error("there is no operation " + operation + "; `talomectl operations` lists them");
    return route;
}

/// Moves what belongs there from the input into the path and the query, which is returned.
std::string moveParameters(Found& route, json::object& input) {
    std::string query;
    const auto* parameters = route.operation.if_contains("parameters");
    if (!parameters) return query;
    for (const auto& parameter : parameters->as_array()) {
        const std::string name(parameter.at("name").as_string());
        const auto* value = input.if_contains(name);
        if (!value) continue;
        const json::array one{*value};
        for (const auto& item : value->is_array() ? value->get_array() : one)
            if (parameter.at("in") == "path")
                route.path = Poco::replace(route.path, "{" + name + "}", encoded(item));
            else
                query += (query.empty() ? "?" : "&") + http::percentEncode(name) + "=" + encoded(item);
        input.erase(name);
    }
    return query;
}

json::object inputOf(const Arguments& arguments) {
    if (arguments.count() < 2) return {};
    const auto text = arguments.at(1) == "-" ? readValue("input") : arguments.at(1);
    boost::system::error_code error;
    const auto input = json::parse(text, error);
    if (error || !input.is_object()) throw UsageError("the input must be a JSON object");
    return input.as_object();
}

} // namespace

int pluginList(const Context& context, const Arguments&) {
    const auto plugins = context.client.get("/api/plugins");
    if (context.json)
        std::cout << json::serialize(plugins) << '\n';
    else
        printTable(std::cout, plugins.as_array(),
                   {{"id", "ID"}, {"version", "VERSION"}, {"state", "STATE"}, {"reason", "REASON"}});
    return 0;
}

int operations(const Context& context, const Arguments&) {
    json::array rows;
    each(context.client.get("/api/openapi.json"), [&](const Found& found) {
        rows.push_back(json::object{{"operation", found.operation.at("operationId")},
                                    {"route", found.method + " " + found.path},
                                    {"summary", found.operation.at("summary")}});
    });
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
        return a.at("operation").as_string() < b.at("operation").as_string();
    });
    if (context.json)
        std::cout << json::serialize(rows) << '\n';
    else
        printTable(std::cout, rows, {{"operation", "OPERATION"}, {"route", "ROUTE"}, {"summary", "WHAT IT DOES"}});
    return 0;
}

int call(const Context& context, const Arguments& arguments) {
    auto input = inputOf(arguments);
    auto route = routeOf(context.client, arguments.at(0));
    const auto query = moveParameters(route, input);
    const bool hasBody = route.method != "GET" && route.method != "DELETE";
    if (!hasBody && !input.empty())
        throw std::runtime_error(std::string(input.begin()->key()) + ": is not an input of " + arguments.at(0));
    if (route.path.find('{') != std::string::npos)
        throw std::runtime_error(route.path + ": give each name in braces in the input");
    const auto answer =
        context.client.text(route.method, route.path + query, hasBody ? json::value(input) : json::value(nullptr));
    std::cout << answer << (answer.empty() || answer.ends_with('\n') ? "" : "\n");
    return 0;
}

} // namespace talome::ctl

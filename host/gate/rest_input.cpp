// The one input of a REST request, merged from its path, query and body.
#include "host/gate/rest_input.hpp"

#include "host/gate/input.hpp"
#include "host/http/query.hpp"

#include <Poco/String.h>
#include <set>

namespace json = boost::json;

namespace talome::gate {

namespace {

constexpr std::uint64_t kBody = 1 << 20;

const std::string& inputName(const manifest::Route& route, const std::string& given) {
    const auto it = route.rename.find(given);
    return it == route.rename.end() ? given : it->second;
}

[[noreturn]] void twice(const std::string& name, const char* where) {
    throw Failure({{name, std::string("is given ") + where}});
}

bool isJson(std::string_view contentType) {
    auto type = Poco::trim(Poco::toLower(std::string(contentType.substr(0, contentType.find(';')))));
    return type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"));
}

void putBody(json::object& input, http::Exchange& exchange, const manifest::Route& route) {
    const auto& text = exchange.body();
    if (text.empty()) return;
    auto body = parseJson(text);
    auto* object = body.if_object();
    if (!object) throw Failure(TALOME_E_INVALID, "the body: expected an object");
    for (auto& member : *object) {
        const std::string given(member.key());
        if (!input.emplace(inputName(route, given), std::move(member.value())).second)
            twice(given, "in the path or query, and in the body");
    }
}

bool mayHaveBody(const http::Exchange& exchange) { return exchange.method() != "GET" && exchange.method() != "HEAD"; }

} // namespace

bool collectBody(http::Exchange& exchange, const Endpoint& endpoint) {
    if (!mayHaveBody(exchange) || !exchange.hasBody()) return true;
    if (const auto type = exchange.header("Content-Type"); type && !isJson(*type) && exchange.contentLength() != 0) {
        Failure failure(TALOME_E_INVALID, "send the body as JSON, with `Content-Type: application/json`");
        failure.http = 415;
        throw failure;
    }
    exchange.limitBody(endpoint.declared.maxBody ? endpoint.declared.maxBody : kBody);
    return exchange.collect();
}

json::value readInput(http::Exchange& exchange, const Endpoint& endpoint, const manifest::Route& route,
                      const Params& path) {
    json::object input;
    std::set<std::string> seen;
    for (const auto& [name, value] : path) {
        const auto& known = inputName(route, name);
        endpoint.input.put(input, known, value);
        seen.insert(known);
    }
    for (const auto& [name, value] : http::parseQuery(exchange.rawQuery())) {
        const auto& known = inputName(route, name);
        const bool first = seen.insert(known).second;
        if (!first && !endpoint.input.isList(known)) twice(name, "twice in the path or query");
        endpoint.input.put(input, known, value);
    }
    if (mayHaveBody(exchange) && endpoint.declared.kind == manifest::Kind::call) putBody(input, exchange, route);
    return input;
}

void renameDetails(std::vector<Detail>& details, const std::map<std::string, std::string>& rename) {
    for (auto& detail : details)
        for (const auto& [given, known] : rename)
            if (detail.path.starts_with(known) &&
                (detail.path.size() == known.size() || detail.path[known.size()] == '.' ||
                 detail.path[known.size()] == '[')) {
                detail.path.replace(0, known.size(), given);
                break;
            }
}

} // namespace talome::gate

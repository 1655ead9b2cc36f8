// A small client of the REST API for talomectl.
#include "host/ctl/client.hpp"

#include "host/http/query.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/StreamCopier.h>
#include <Poco/String.h>
#include <Poco/URI.h>
#include <algorithm>
#include <stdexcept>

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

std::string asText(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

} // namespace

Client::Client(std::string base, std::string token) : base_(std::move(base)), token_(std::move(token)) {}

std::string Client::text(const std::string& method, const std::string& path, const json::value& body) const {
    const Poco::URI uri(base_);
    if (uri.getScheme() != "http") throw std::runtime_error(base_ + ": expected an http:// address");
    Poco::Net::HTTPClientSession session(uri.getHost(), uri.getPort());
    session.setTimeout(Poco::Timespan(60, 0));
    Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
    if (!token_.empty()) request.set("Authorization", "Bearer " + token_);
    std::string text, answer;
    if (!body.is_null()) {
        text = json::serialize(body);
        request.setContentType("application/json");
        request.setContentLength(static_cast<std::streamsize>(text.size()));
    }
    Poco::Net::HTTPResponse response;
    try {
        session.sendRequest(request) << text;
        Poco::StreamCopier::copyToString(session.receiveResponse(response), answer);
    } catch (const Poco::Exception& error) {
        throw std::runtime_error("talomed does not answer at " + base_ + ": " + error.displayText());
    }
    if (response.getStatus() < 400) return answer;
    boost::system::error_code error;
    const auto parsed = json::parse(answer, error);
    const auto* object = parsed.if_object();
    const auto* words = object ? object->if_contains("error") : nullptr;
    throw std::runtime_error(std::to_string(response.getStatus()) + " " +
                             (words ? asText(*words) : response.getReason()));
}

json::value Client::send(const std::string& method, const std::string& path, const json::value& body) const {
    const auto answer = text(method, path, body);
    return answer.empty() ? json::value(nullptr) : json::parse(answer);
}

std::vector<std::string> operations(const Client& client) {
    std::vector<std::string> lines;
    each(client.get("/api/openapi.json"), [&](const Found& found) {
        lines.push_back(asText(found.operation.at("operationId")) + "  " + found.method + " " + found.path + "  " +
                        asText(found.operation.at("summary")));
    });
    std::sort(lines.begin(), lines.end());
    return lines;
}

std::string call(const Client& client, const std::string& operation, std::string_view text) {
    auto input = json::parse({text.data(), text.size()}).as_object();
    Found route;
    each(client.get("/api/openapi.json"), [&](Found found) {
        if (asText(found.operation.at("operationId")) == operation) route = std::move(found);
    });
    if (route.path.empty())
        throw std::runtime_error("there is no operation " + operation + "; `talomectl operations` lists them");
    std::string query;
    if (const auto* parameters = route.operation.if_contains("parameters"))
        for (const auto& parameter : parameters->as_array()) {
            const auto name = asText(parameter.at("name"));
            const auto* value = input.if_contains(name);
            if (!value) continue;
            const bool inPath = asText(parameter.at("in")) == "path";
            const json::array one{*value};
            for (const auto& each : value->is_array() ? value->get_array() : one) {
                const auto encoded = http::percentEncode(asText(each));
                if (inPath)
                    route.path = Poco::replace(route.path, "{" + name + "}", encoded);
                else
                    query += (query.empty() ? "?" : "&") + http::percentEncode(name) + "=" + encoded;
            }
            input.erase(name);
        }
    const bool hasBody = route.method != "GET" && route.method != "DELETE";
    if (!hasBody && !input.empty())
        throw std::runtime_error(std::string(input.begin()->key()) + ": is not an input of " + operation);
    if (route.path.find('{') != std::string::npos)
        throw std::runtime_error(route.path + ": give each name in braces in the input");
    return client.text(route.method, route.path + query, hasBody ? json::value(input) : json::value(nullptr));
}

} // namespace talome::ctl

// talomectl settings: what the host and the plugins are told. A secret goes in through standard input and never out.
#include "host/ctl/commands.hpp"
#include "host/ctl/output.hpp"
#include "host/ctl/secret_input.hpp"
#include "host/http/query.hpp"

#include <iostream>

namespace json = boost::json;

namespace talome::ctl {

namespace {

int put(const Context& context, const std::string& key, json::value value) {
    const auto answer = context.client.send("PUT", "/api/settings", json::object{{key, std::move(value)}});
    if (context.json) std::cout << json::serialize(answer) << '\n';
    return 0;
}

} // namespace

int settingsGet(const Context& context, const Arguments& arguments) {
    const bool one = arguments.count() == 1;
    const auto values =
        context.client.get("/api/settings" + (one ? "?keys=" + http::percentEncode(arguments.at(0)) : std::string()));
    if (context.json) {
        std::cout << json::serialize(values) << '\n';
    } else if (one) {
        const auto* value = values.as_object().if_contains(arguments.at(0));
        if (!value) throw std::runtime_error("there is no setting '" + arguments.at(0) + "'");
        std::cout << asText(*value) << '\n';
    } else {
        printLines(std::cout, values);
    }
    return 0;
}

int settingsSet(const Context& context, const Arguments& arguments) {
    const auto& key = arguments.at(0);
    return put(context, key, json::string(arguments.at(1) == "-" ? readValue("value of " + key) : arguments.at(1)));
}

int settingsReset(const Context& context, const Arguments& arguments) { return put(context, arguments.at(0), nullptr); }

} // namespace talome::ctl

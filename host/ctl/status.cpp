// talomectl status, login.
#include "host/ctl/commands.hpp"
#include "host/ctl/output.hpp"
#include "host/ctl/secret_input.hpp"

#include <iostream>

namespace json = boost::json;

namespace talome::ctl {

int status(const Context& context, const Arguments&) {
    const auto health = context.client.get("/api/health");
    if (context.json)
        std::cout << json::serialize(health) << '\n';
    else
        printLines(std::cout, health);
    return health.at("status") == "ok" ? 0 : 1;
}

int login(const Context& context, const Arguments& arguments) {
    const auto answer = context.client.send(
        "POST", "/api/auth/login",
        json::object{{"username", arguments.at(0)}, {"password", readPassword("password of " + arguments.at(0))}});
    if (context.json)
        std::cout << json::serialize(answer) << '\n';
    else
        std::cout << asText(answer.at("token")) << '\n';
    return 0;
}

} // namespace talome::ctl

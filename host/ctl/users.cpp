// talomectl users: accounts, for whoever looks after the machine. At the socket nobody needs an account for it, so the
// first administrator can be made, and one who has forgotten a password can be helped.
#include "host/auth/users.hpp"
#include "host/ctl/commands.hpp"
#include "host/ctl/output.hpp"
#include "host/ctl/secret_input.hpp"
#include "host/http/query.hpp"

#include <iostream>

namespace json = boost::json;

namespace talome::ctl {

namespace {

std::string idOf(const json::value& users, const std::string& name) {
    for (const auto& user : users.as_array())
        if (auth::nameKey(std::string(user.at("username").as_string())) == auth::nameKey(name))
            return std::string(user.at("id").as_string());
    throw std::runtime_error("there is no user '" + name + "'; talomectl users list names them");
}

} // namespace

int usersList(const Context& context, const Arguments&) {
    const auto users = context.client.get("/api/users");
    if (context.json)
        std::cout << json::serialize(users) << '\n';
    else
        printTable(
            std::cout, users.as_array(),
            {{"username", "NAME"}, {"role", "ROLE"}, {"email", "EMAIL"}, {"lastLoginAt", "LAST LOGIN"}, {"id", "ID"}});
    return 0;
}

int usersAdd(const Context& context, const Arguments& arguments) {
    auto role = arguments.option("--role");
    if (role && role != "admin" && role != "member") throw UsageError("--role is admin or member");
    if (!role) role = context.client.get("/api/users").as_array().empty() ? "admin" : "member";
    const auto user = context.client.send("POST", "/api/users",
                                          json::object{{"username", arguments.at(0)},
                                                       {"password", readNewPassword("password of " + arguments.at(0))},
                                                       {"role", *role}});
    if (context.json)
        std::cout << json::serialize(user) << '\n';
    else
        std::cout << "made the " << asText(user.at("role")) << " " << asText(user.at("username"))
                  << "\nrecovery code, shown only now: " << asText(user.at("recoveryCode")) << '\n';
    return 0;
}

int usersResetPassword(const Context& context, const Arguments& arguments) {
    const auto& name = arguments.at(0);
    const auto id = idOf(context.client.get("/api/users"), name);
    const auto answer = context.client.send("POST", "/api/users/" + http::percentEncode(id) + "/reset-password",
                                            json::object{{"password", readNewPassword("new password of " + name)}});
    if (context.json)
        std::cout << json::serialize(answer) << '\n';
    else
        std::cout << "the password of " << name << " is changed, its sessions have ended\n";
    return 0;
}

} // namespace talome::ctl

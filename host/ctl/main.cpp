// talomectl: looks at a running talomed, and calls its operations, from the command line.
#include "host/ctl/client.hpp"

#include <boost/json.hpp>
#include <iostream>

namespace {

using namespace talome::ctl;

constexpr const char* kUsage = R"(usage: talomectl [--url URL] COMMAND

  status                 whether the server and what it depends on are well
  login USERNAME         reads the password from standard input, prints a token
  plugin list            what is loaded, and why something is not
  operations             what can be called
  call OPERATION [JSON]  calls one, with its input as a JSON object

The server is http://127.0.0.1:4000 unless --url or TALOME_URL names another.
All but status and login need a token in TALOME_TOKEN.
)";

void print(const boost::json::value& value) { std::cout << boost::json::serialize(value) << '\n'; }

void printRows(const boost::json::value& rows, std::initializer_list<const char*> columns) {
    for (const auto& row : rows.as_array()) {
        bool first = true;
        for (const char* column : columns) {
            const auto* value = row.as_object().if_contains(column);
            if (!value || value->is_null()) continue;
            std::cout << (first ? "" : "  ")
                      << (value->is_string() ? std::string(value->get_string()) : boost::json::serialize(*value));
            first = false;
        }
        std::cout << '\n';
    }
}

int run(std::vector<std::string> words) {
    const char* url = std::getenv("TALOME_URL");
    std::string base = url && *url ? url : "http://127.0.0.1:4000";
    if (words.size() >= 2 && words[0] == "--url") {
        base = words[1];
        words.erase(words.begin(), words.begin() + 2);
    }
    if (words.empty() || words[0] == "--help" || words[0] == "-h") {
        std::cout << kUsage;
        return words.empty() ? 2 : 0;
    }
    if (words[0] == "--version") {
        std::cout << "talomectl " TALOME_VERSION << '\n';
        return 0;
    }
    const char* token = std::getenv("TALOME_TOKEN");
    const Client client(base, token ? token : "");
    if (words[0] == "status" && words.size() == 1) {
        const auto health = client.get("/api/health");
        print(health);
        return health.as_object().at("status") == "ok" ? 0 : 1;
    }
    if (words[0] == "login" && words.size() == 2) {
        std::string password;
        std::getline(std::cin, password);
        const auto answer =
            client.send("POST", "/api/auth/login", boost::json::object{{"username", words[1]}, {"password", password}});
        std::cout << answer.as_object().at("token").as_string() << '\n';
        return 0;
    }
    if (words[0] == "plugin" && words.size() == 2 && words[1] == "list") {
        printRows(client.get("/api/plugins"), {"id", "version", "state", "reason"});
        return 0;
    }
    if (words[0] == "operations" && words.size() == 1) {
        for (const auto& line : operations(client)) std::cout << line << '\n';
        return 0;
    }
    if (words[0] == "call" && (words.size() == 2 || words.size() == 3)) {
        std::cout << call(client, words[1], words.size() == 3 ? words[2] : "{}") << '\n';
        return 0;
    }
    std::cerr << kUsage;
    return 2;
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::cerr << "talomectl: " << error.what() << '\n';
        return 1;
    }
}

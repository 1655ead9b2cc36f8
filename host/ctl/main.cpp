// talomectl: looks after a talomed, and calls its operations, from the command line.
#include "host/ctl/commands.hpp"

#include <algorithm>
#include <csignal>
#include <iomanip>
#include <iostream>

namespace {

using namespace talome::ctl;

constexpr int kFailed = 1, kUsage = 2;

constexpr const char* kAbout = R"(
  --socket PATH  the server's unix socket, instead of the one that TALOME_SOCKET,
                 the configuration or the usual places say
  --url URL      the server's http:// address instead, as TALOME_URL does
  --json         output for programs

At its socket root and the server's own user need no token. Elsewhere TALOME_TOKEN
has one; if it is set, it says who calls, at the socket too.
Exit codes: 0 done, 1 failed, 2 not understood.
)";

void printUsage(std::ostream& out) {
    out << "usage: talomectl [--socket PATH | --url URL] [--json] COMMAND\n\n";
    for (const auto& command : commands()) {
        const auto words = std::string(command.name) + (*command.arguments ? " " : "") + command.arguments;
        out << "  " << words << "\n      " << command.help << '\n';
    }
    out << kAbout;
}

struct Options {
    std::string socket, url;
    bool json = false, help = false, version = false;
    std::vector<std::string> words;
};

/// Those of every command may stand anywhere before a `--`.
Options readOptions(const std::vector<std::string>& all) {
    Options options;
    for (auto word = all.begin(); word != all.end(); ++word) {
        if (*word == "--") {
            options.words.insert(options.words.end(), word, all.end());
            break;
        }
        if (*word == "--socket" || *word == "--url") {
            auto& value = *word == "--url" ? options.url : options.socket;
            const auto& name = *word;
            if (++word == all.end() || word->empty()) throw UsageError(name + " needs a value");
            value = *word;
        } else if (*word == "--json") {
            options.json = true;
        } else if (*word == "--help" || *word == "-h") {
            options.help = true;
        } else if (*word == "--version") {
            options.version = true;
        } else {
            options.words.push_back(*word);
        }
    }
    if (!options.url.empty() && !options.socket.empty()) throw UsageError("give --socket or --url, not both");
    return options;
}

/// The longest name that the words begin with; the rest of them are its arguments.
const Command& findCommand(std::vector<std::string>& words) {
    for (const std::size_t n : {2, 1}) {
        if (words.size() < n) continue;
        const auto name = n == 2 ? words[0] + " " + words[1] : words[0];
        const auto all = commands();
        const auto found = std::find_if(all.begin(), all.end(), [&](const auto& each) { return name == each.name; });
        if (found == all.end()) continue;
        words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(n));
        return *found;
    }
    throw UsageError("there is no command '" + words[0] + "'; talomectl --help lists them");
}

int run(const std::vector<std::string>& all) {
    auto options = readOptions(all);
    if (options.help) {
        printUsage(std::cout);
        return 0;
    }
    if (options.version) {
        std::cout << "talomectl " TALOME_VERSION << '\n';
        return 0;
    }
    if (options.words.empty()) {
        printUsage(std::cerr);
        return kUsage;
    }
    const auto& command = findCommand(options.words);
    try {
        const Arguments arguments(command.arguments, options.words);
        const char* token = std::getenv("TALOME_TOKEN");
        const Client client(findServer(options.socket, options.url), token ? token : "");
        return command.run({client, options.json}, arguments);
    } catch (const UsageError& wrong) {
        throw UsageError(std::string(wrong.what()) + "\nusage: talomectl " + command.name + " " + command.arguments);
    }
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN); // a server that goes is an error with words
    try {
        const int code = run({argv + 1, argv + argc});
        std::cout.flush();
        if (std::cout) return code;
        std::cerr << "talomectl: the output could not be written\n";
    } catch (const UsageError& wrong) {
        std::cerr << "talomectl: " << wrong.what() << '\n';
        return kUsage;
    } catch (const std::exception& error) {
        std::cerr << "talomectl: " << error.what() << '\n';
    }
    return kFailed;
}

// talomectl plugin …: what runs and why something does not, and a plugin's way from the first line to a running server.
#include "host/ctl/commands.hpp"
#include "host/ctl/output.hpp"
#include "host/ctl/template.hpp"
#include "host/http/query.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <unistd.h>
#include <utility>

namespace json = boost::json;
namespace fs = std::filesystem;

namespace talome::ctl {

namespace {

std::string text(const json::object& plugin, const char* key) {
    const auto* value = plugin.if_contains(key);
    return value ? asText(*value) : std::string();
}

/// What the owner can do about the state a plugin is in; empty: nothing is wrong.
std::string advice(const json::object& plugin) {
    const auto state = text(plugin, "state");
    const std::string command = "talomectl plugin ";
    if (const auto available = text(plugin, "available"); !available.empty())
        return "version " + available + " lies there: " + command + "replace " + text(plugin, "id");
    if (state == "disabled") return command + "enable " + text(plugin, "id");
    if (state == "waiting") return "it starts by itself when that is there";
    if (state == "gone") return "its file was removed";
    if (state == "quarantined") return "it crashed; once that is mended: " + command + "enable " + text(plugin, "id");
    if (state == "refused") return "build or install it anew, then: " + command + "enable " + text(plugin, "id");
    if (state == "failed") return "once that is mended: " + command + "enable " + text(plugin, "id");
    return {};
}

/// "greeter 1.0.0 is active", why it is not, and what to do.
void printState(std::ostream& out, const json::object& plugin) {
    const auto version = text(plugin, "version"), reason = text(plugin, "reason"), next = advice(plugin);
    out << text(plugin, "id") << (version.empty() ? "" : " " + version) << " is " << text(plugin, "state")
        << (reason.empty() ? "" : ": " + reason) << '\n';
    if (!next.empty()) out << "  " << next << '\n';
}

std::string pathOf(const std::string& plugin) { return "/api/plugins/" + http::percentEncode(plugin); }

/// The exit code is 0 if the plugin is then in one of the `expected` states.
int act(const Context& context, const Arguments& arguments, const char* action,
        std::initializer_list<std::string_view> expected) {
    const auto plugin = context.client.send("POST", pathOf(arguments.at(0)) + "/" + action, json::object()).as_object();
    const auto state = text(plugin, "state");
    const bool done = std::find(expected.begin(), expected.end(), state) != expected.end();
    if (context.json)
        std::cout << json::serialize(plugin) << '\n';
    else if (done && state == "disabled")
        std::cout << text(plugin, "id") << " is disabled; its data stays\n";
    else
        printState(done ? std::cout : std::cerr, plugin);
    return done ? 0 : 1;
}

} // namespace

int pluginList(const Context& context, const Arguments& arguments) {
    if (arguments.count() == 1) {
        const auto plugin = context.client.get(pathOf(arguments.at(0)));
        if (context.json) {
            std::cout << json::serialize(plugin) << '\n';
        } else {
            auto shown = plugin.as_object();
            shown.erase("manifest"); // pages of schemas: --json has it
            printLines(std::cout, shown);
            if (const auto next = advice(shown); !next.empty()) std::cout << next << '\n';
        }
        return 0;
    }
    const auto plugins = context.client.get("/api/plugins");
    if (context.json) {
        std::cout << json::serialize(plugins) << '\n';
        return 0;
    }
    printTable(std::cout, plugins.as_array(),
               {{"id", "ID"}, {"version", "VERSION"}, {"state", "STATE"}, {"reason", "REASON"}});
    const char* before = "\n";
    for (const auto& each : plugins.as_array()) {
        const auto next = advice(each.as_object());
        if (!next.empty())
            std::cout << std::exchange(before, "") << text(each.as_object(), "id") << ": " << next << '\n';
    }
    return 0;
}

int pluginEnable(const Context& context, const Arguments& arguments) {
    return act(context, arguments, "enable", {"active", "starting", "waiting"});
}

int pluginDisable(const Context& context, const Arguments& arguments) {
    return act(context, arguments, "disable", {"disabled"});
}

int pluginReplace(const Context& context, const Arguments& arguments) {
    return act(context, arguments, "replace", {"active"});
}

int pluginNew(const Context& context, const Arguments& arguments) {
    const auto& name = arguments.at(0);
    if (const auto why = whyNotAName(name); !why.empty()) throw UsageError(why);
    const fs::path folder = fs::path(arguments.option("--dir").value_or("")) / name;
    const auto files = copyTemplate(findTemplate(arguments.flag("--c") ? "template-c" : "template"), folder, name);
    if (context.json) {
        std::cout << json::serialize(json::object{{"folder", folder.string()}, {"files", json::value_from(files)}})
                  << '\n';
        return 0;
    }
    std::cout << "made " << folder.string() << ":";
    for (const auto& file : files) std::cout << ' ' << file;
    std::cout << "\n\n  cd " << folder.string() << "\n  cmake -S . -B build && cmake --build build\n"
              << "  ctest --test-dir build\n  talomectl plugin check build/plugins/" << name << ".so\n\n"
              << "README.md says how it gets into a server.\n";
    return 0;
}

int pluginCheck(const Context& context, const Arguments& arguments) {
    const auto file = (arguments.at(0).starts_with('-') ? "./" : "") + arguments.at(0); // no option of the program's
    if (!fs::exists(file)) throw std::runtime_error(file + ": there is no such file");
    const auto beside = fs::read_symlink("/proc/self/exe").replace_filename("talome-check").string();
    const char* words[] = {"talome-check", file.c_str(), context.json ? "--json" : nullptr, nullptr};
    for (const char* program : {beside.c_str(), "talome-check"}) {
        execvp(program, const_cast<char* const*>(words)); // does not write to them (POSIX)
        if (errno != ENOENT) throw std::runtime_error(std::string(program) + ": " + std::strerror(errno));
    }
    throw std::runtime_error("talome-check is not here: it comes with the package talome-sdk-dev");
}

} // namespace talome::ctl

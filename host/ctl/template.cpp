#include "host/ctl/template.hpp"

#include "sdk/manifest/names.hpp"

#include <Poco/String.h>
#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace fs = std::filesystem;

namespace talome::ctl {

namespace {

/// CMake's own targets, which no plugin's can be called.
constexpr const char* kTaken[] = {"all", "clean", "help", "install", "package", "test"};

/// "my-plugin": "MyPlugin", or "myPlugin" if the first letter stays as it is.
std::string camelCase(const std::string& name, bool upper) {
    std::string camel;
    for (const char c : name) {
        if (c == '-') {
            upper = true;
            continue;
        }
        camel += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        upper = false;
    }
    return camel;
}

std::string readFile(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in) throw std::runtime_error("cannot read " + file.string());
    return text;
}

void writeFile(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    std::ofstream out(file, std::ios::binary);
    out << text;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + file.string());
}

} // namespace

std::string whyNotAName(const std::string& name) {
    if (!manifest::isPluginId(name))
        return "'" + name + "' is no name of a plugin: a small letter, then up to 31 of a-z, 0-9 and -";
    if (manifest::isReserved(name)) return "'" + name + "' is a name of the host's own: choose another one";
    if (std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken))
        return "'" + name + "' is a target of every CMake project: choose another name";
    return {};
}

std::string renamed(const std::string& text, const std::string& name) {
    const std::pair<std::string, std::string> words[] = {
        {"greeter.hello", camelCase(name, false) + ".hello"}, // tasks begin with the id itself, operations cannot
        {"greeter_", Poco::translate(name, "-", "_") + "_"},
        {"Greeter", camelCase(name, true)},
        {"greeter", name}};
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const auto* word = std::find_if(std::begin(words), std::end(words), [&](const auto& each) {
            return text.compare(at, each.first.size(), each.first) == 0;
        });
        if (word == std::end(words)) {
            result += text[at++];
        } else {
            result += word->second;
            at += word->first.size();
        }
    }
    return result;
}

std::vector<std::string> copyTemplate(const fs::path& from, const fs::path& to, const std::string& name) {
    if (to.has_parent_path()) fs::create_directories(to.parent_path());
    if (!fs::create_directory(to)) throw std::runtime_error(to.string() + " is there already");
    try {
        std::vector<std::string> written;
        for (const auto& entry : fs::recursive_directory_iterator(from)) {
            if (!entry.is_regular_file()) continue;
            const auto file = renamed(entry.path().lexically_relative(from).string(), name);
            writeFile(to / file, renamed(readFile(entry.path()), name));
            written.push_back(file);
        }
        std::sort(written.begin(), written.end());
        return written;
    } catch (const std::exception&) {
        std::error_code ignored; // what went wrong first is the one to tell
        fs::remove_all(to, ignored);
        throw;
    }
}

fs::path findTemplate(const std::string& which) {
    const auto program = fs::read_symlink("/proc/self/exe").parent_path();
    for (const fs::path& folder :
         {program / "../share/talome", program / "../../../share/talome", program / "../../../sdk",
          fs::path("/usr/share/talome")}) {
        const auto found = (folder / which).lexically_normal();
        if (fs::exists(found / "CMakeLists.txt")) return found;
    }
    throw std::runtime_error("the SDK's " + which + " is not installed here: it comes with the package talome-sdk-dev");
}

} // namespace talome::ctl

#include "host/plugins/manifest_file.hpp"

#include "host/plugins/self.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace talome::plugins {

namespace {

constexpr std::uintmax_t kMost = 8u << 20; // bytes

bool isId(std::string_view id) {
    return !id.empty() && id.size() <= 32 && id[0] >= 'a' && id[0] <= 'z' &&
           id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

std::string offered(std::string_view area) {
    const auto family = area.substr(0, area.find('/') + 1);
    for (const auto& [id, table] : areas())
        if (std::string_view(id).starts_with(family)) return id;
    return "no such area";
}

/// Whatever one of them has, the manifest must have too, and the same.
template <class T, class Key>
void within(const std::vector<T>& declared, const std::vector<T>& written, const char* what, Key key) {
    for (const auto& each : declared) {
        const auto it =
            std::find_if(written.begin(), written.end(), [&](const T& other) { return key(other) == key(each); });
        if (it == written.end()) throw Refused(std::string(what) + " '" + key(each) + "' is not in its manifest");
        if (!(*it == each))
            throw Refused(std::string(what) + " '" + key(each) + "' is not as its manifest says; build it again");
    }
}

} // namespace

manifest::Manifest readManifest(const std::filesystem::path& file) {
    const auto id = file.stem().string();
    if (id == "host" || id == "audit" || !isId(id)) // whose databases would be the host's
        throw Refused("'" + id + "' cannot be the name of a plugin: expected [a-z][a-z0-9-]{0,31}, not host or audit");
    auto beside = file;
    beside.replace_extension(".plugin.json");
    const auto name = beside.filename().string();
    std::error_code error;
    if (!std::filesystem::exists(file, error))
        throw Refused(file.filename().string() + " is missing beside its manifest");
    const auto size = std::filesystem::file_size(beside, error);
    if (error) throw Refused(name + " is missing: it is made beside the .so when the plugin is built");
    if (size > kMost) throw Refused(name + " is larger than 8 MiB");
    std::ostringstream text;
    if (!(text << std::ifstream(beside, std::ios::binary).rdbuf())) throw Refused(name + " cannot be read");
    manifest::Manifest written;
    try {
        written = manifest::fromText(text.str());
    } catch (const std::exception& wrong) {
        throw Refused(name + " is not a manifest: " + wrong.what());
    }
    if (written.id != id) throw Refused(name + " is the manifest of '" + written.id + "'");
    if (written.abi != TALOME_ABI)
        throw Refused(id + " " + written.version + " is built for plugin ABI " + std::to_string(written.abi) +
                      "; this host is " TALOME_VERSION " and offers " + std::to_string(TALOME_ABI));
    for (const auto& area : written.needs)
        if (!areas().contains(area))
            throw Refused(id + " " + written.version + " needs " + area +
                          "; this host is " TALOME_VERSION " and offers " + offered(area));
    return written;
}

void requireWithin(const manifest::Manifest& declared, const manifest::Manifest& written) {
    const auto id = [](const auto& each) { return each.id; };
    const auto name = [](const auto& each) { return each.name; };
    const auto itself = [](const auto& each) { return each; };
    within(declared.operations, written.operations, "the operation", id);
    within(declared.tasks, written.tasks, "the task", id);
    within(declared.settings, written.settings, "the setting", [](const auto& each) { return each.key; });
    within(declared.listeners, written.listeners, "the listener", id);
    within(declared.topics, written.topics, "the topic", name);
    within(declared.flags, written.flags, "the flag", name);
    within(declared.migrations, written.migrations, "the migration",
           [](const auto& each) { return std::to_string(each.version); });
    within(declared.uses, written.uses, "the use of", itself);
    within(declared.requirements, written.requirements, "the need of", itself);
    within(declared.subscriptions, written.subscriptions, "the subscription to", itself);
}

} // namespace talome::plugins

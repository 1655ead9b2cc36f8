#include "host/plugins/manifest_file.hpp"

#include "host/plugins/file_check.hpp"
#include "host/plugins/self.hpp"
#include "sdk/manifest/names.hpp"

#include <algorithm>

namespace talome::plugins {

namespace {

std::string offered(std::string_view area) {
    const auto family = area.substr(0, area.find('/') + 1);
    for (const auto& [id, table] : areas())
        if (std::string_view(id).starts_with(family)) return id;
    return "no such area";
}

/// What is "/0" may be another thing in another version: a plugin for it belongs to the host it was built with.
void requireOwnVersion(const manifest::Manifest& written) {
    if (written.sdk == TALOME_VERSION) return;
    for (const auto* list : {&written.needs, &written.wants})
        for (const auto& area : *list)
            if (area.ends_with("/0"))
                throw Refused(written.id + " " + written.version + " is built with the SDK " +
                              written.sdk.value_or("of an unknown version") + " for " + area +
                              ", which may change with each version; this host is " TALOME_VERSION
                              ": build it with that SDK");
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
    if (!manifest::isPluginId(id) || manifest::isReserved(id))
        throw Refused("'" + id + "' cannot be the name of a plugin: expected [a-z][a-z0-9-]{0,31}, not host or audit");
    const auto name = id + ".plugin.json";
    if (std::error_code error; !std::filesystem::exists(file, error))
        throw Refused(file.filename().string() + " is missing beside its manifest");
    const auto text = readManifestText(file);
    manifest::Manifest written;
    try {
        written = manifest::fromText(text);
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
    requireOwnVersion(written);
    return written;
}

void requireWithin(const manifest::Manifest& declared, const manifest::Manifest& written) {
    const auto id = [](const auto& each) { return each.id; };
    const auto name = [](const auto& each) { return each.name; };
    const auto itself = [](const auto& each) { return each; };
    within(declared.operations, written.operations, "the operation", id);
    within(declared.tasks, written.tasks, "the task", id);
    within(declared.jobs, written.jobs, "the job", id);
    within(declared.settings, written.settings, "the setting", [](const auto& each) { return each.key; });
    within(declared.listeners, written.listeners, "the listener", id);
    within(declared.topics, written.topics, "the topic", name);
    within(declared.flags, written.flags, "the flag", name);
    if (declared.domains)
        within(*declared.domains, written.domains.value_or(std::vector<manifest::ToolDomain>{}), "the domain", name);
    within(declared.migrations, written.migrations, "the migration",
           [](const auto& each) { return std::to_string(each.version); });
    within(declared.uses, written.uses, "the use of", itself);
    within(declared.requirements, written.requirements, "the need of", itself);
    within(declared.programs, written.programs, "the program", name);
    within(declared.subscriptions, written.subscriptions, "the subscription to", itself);
    within(declared.durableSubscriptions, written.durableSubscriptions, "the durable subscription to", itself);
}

} // namespace talome::plugins

// The process that the plugin is in: the plugin's life, and what it leaves behind.
#include "sdk/check/far.hpp"

#include "sdk/manifest/describe.hpp"
#include "sdk/manifest/descriptor.hpp"

#include <chrono>
#include <climits>
#include <cstdlib>
#include <dirent.h>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace talome::check {

namespace {

void answer(Writer& writer, bool fine, std::string_view text) {
    writer.put(static_cast<std::uint8_t>(fine));
    writer.text(text);
}

/// The entries of a directory of /proc/self, each with what it links to or is called.
std::vector<std::string> entriesOf(const char* directory, bool links) {
    std::vector<std::string> all;
    DIR* open = ::opendir(directory);
    if (!open) return all;
    const auto own = std::to_string(::dirfd(open));
    while (const dirent* entry = ::readdir(open)) {
        const std::string name = entry->d_name;
        if (name.starts_with('.') || (links && name == own)) continue;
        const auto path = std::string(directory) + "/" + name;
        std::string text;
        if (links) {
            char target[PATH_MAX];
            const auto n = ::readlink(path.c_str(), target, sizeof target);
            if (n > 0) text.assign(target, static_cast<std::size_t>(n));
        } else {
            std::getline(std::ifstream(path + "/comm"), text);
        }
        all.push_back(name + " " + text);
    }
    ::closedir(open);
    return all;
}

void list(Writer& writer, const std::vector<std::string>& all) {
    writer.put(static_cast<std::uint32_t>(all.size()));
    for (const auto& each : all) writer.text(each);
}

bool isMapped(const std::string& file) {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);)
        if (line.ends_with(" " + file)) return true;
    return false;
}

} // namespace

void Far::load(Reader& reader, Writer& writer) {
    std::error_code error;
    file_ = std::filesystem::canonical(std::string(reader.text()), error).string();
    const Doing doing(*this, kCreating, "static initialisers");
    library_ = error ? nullptr : ::dlopen(file_.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library_) return answer(writer, false, error ? error.message() : std::string(::dlerror()));
    using Entry = const talome_plugin* (*)();
    const auto entry = reinterpret_cast<Entry>(::dlsym(library_, "talome_plugin_v1"));
    plugin_ = entry ? entry() : nullptr;
    if (!plugin_)
        return answer(writer, false, entry ? "talome_plugin_v1() gives no descriptor" : "it has no talome_plugin_v1");
    if (plugin_->struct_size < manifest::kFirstDescriptor)
        return answer(writer, false, "its descriptor ends before destroy()");
    answer(writer, true, plugin_->id ? plugin_->id : "");
    writer.text(plugin_->version ? plugin_->version : "");
    writer.text(plugin_->summary ? plugin_->summary : "");
    writer.put(plugin_->flags);
    writer.put(static_cast<std::uint8_t>((plugin_->create != nullptr) | (plugin_->start != nullptr) << 1 |
                                         (plugin_->activate != nullptr) << 2 | (plugin_->quiesce != nullptr) << 3 |
                                         (plugin_->stop != nullptr) << 4 | (plugin_->destroy != nullptr) << 5));
}

/// Only without the flag, or with a thread left, does it stay.
void Far::unload(Writer& writer) {
    const bool may = plugin_->flags & TALOME_CAN_UNLOAD;
    plugin_ = nullptr;
    if (!may) return answer(writer, true, "its flags do not say that it can be");
    ::dlclose(std::exchange(library_, nullptr));
    answer(writer, !isMapped(file_), isMapped(file_) ? "it says that it can be unloaded, and stays mapped" : "");
}

void Far::serveLife(Reader& reader, Writer& writer) {
    const auto step = static_cast<Life>(reader.get<std::uint8_t>());
    switch (step) {
    case Life::load:
        return load(reader, writer);
    case Life::unload:
        return unload(writer);
    case Life::threads:
        return list(writer, entriesOf("/proc/self/task", false));
    case Life::descriptors:
        return list(writer, entriesOf("/proc/self/fd", true));
    case Life::describe:
        try {
            const Doing doing(*this, kCreating, "create()");
            return answer(writer, true, manifest::toText(manifest::describe(plugin_, std::string(reader.text()))));
        } catch (const std::exception& error) {
            return answer(writer, false, error.what());
        }
    default:
        break;
    }
    const auto number = reader.get<std::uint32_t>();
    auto& [self, instance] = instances_[number];
    FarHeld held(*this, "a step of its life");
    talome_status status = TALOME_OK;
    if (step == Life::create) {
        auto scope = std::make_unique<Lent::Scope>(lent, "a talome_self");
        self = static_cast<talome_self*>(scope->copy(&number, sizeof number));
        selves_.push_back(std::move(scope));
        live_.emplace(self, number);
        const Doing doing(*this, kCreating, "create()");
        status = plugin_->create(static_cast<const talome_host*>(farTable("talome_host")), self, &instance);
    } else if (step == Life::destroy) {
        const Doing doing(*this, kDestroying, "destroy()");
        if (plugin_->destroy) plugin_->destroy(instance);
        const std::lock_guard lock(mutex_);
        live_.erase(self);
    } else {
        const char* const names[] = {"start()", "activate()", "quiesce()", "stop()"};
        const Doing doing(*this, kLiving, names[static_cast<int>(step) - static_cast<int>(Life::start)]);
        if (step == Life::start && plugin_->start) status = plugin_->start(instance);
        if (step == Life::activate && plugin_->activate) status = plugin_->activate(instance);
        if (step == Life::quiesce && plugin_->quiesce) plugin_->quiesce(instance);
        if (step == Life::stop && plugin_->stop) plugin_->stop(instance);
    }
    if (step == Life::create && status < 0) {
        const std::lock_guard lock(mutex_);
        live_.erase(self);
    }
    writer.put(status);
}

} // namespace talome::check

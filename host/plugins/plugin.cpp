// One plugin file: read, checked, loaded, and led through its life.
#include "host/plugins/plugin.hpp"

#include "host/log/log.hpp"
#include "host/plugins/edge.hpp"
#include "host/process/plugin_processes.hpp"
#include "sdk/manifest/recorder.hpp"

#include <boost/dll/library_info.hpp>
#include <dlfcn.h>
#include <fstream>
#include <sstream>

namespace talome::plugins {

namespace {

constexpr const char* kEntry = "talome_plugin_v1";
constexpr std::uintmax_t kMostManifest = 8u << 20;

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

bool isId(std::string_view id) {
    return !id.empty() && id.size() <= 32 && id[0] >= 'a' && id[0] <= 'z' &&
           id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

/// Never released, not at exit either.
void keepMapped(std::shared_ptr<boost::dll::shared_library> library) {
    static auto* const kept = new std::vector<std::shared_ptr<boost::dll::shared_library>>;
    kept->push_back(std::move(library));
}

} // namespace

Plugin::Plugin(std::filesystem::path file) : file_(std::move(file)), id_(file_.stem().string()) { manifest_.id = id_; }

Plugin::~Plugin() { stop(); }

void Plugin::note(State state, const std::string& why) {
    state_ = state;
    reason_ = why;
    log::warn("host", "plugin " + id_ + ": " + why);
}

template <class F> bool Plugin::step(State ifItFails, F&& body) {
    try {
        body();
        return true;
    } catch (const Refused& refused) {
        note(State::refused, refused.what());
    } catch (const std::exception& error) {
        note(ifItFails, error.what());
    }
    return false;
}

void Plugin::ensure(talome_status status, const char* what) const {
    if (status >= 0) return;
    const auto words = std::exchange(gate::lastWords(), {});
    throw std::runtime_error(std::string(what) + " failed: " + (words.empty() ? "it gave no reason" : words));
}

bool Plugin::check() {
    return step(State::refused, [&] { readManifest(); });
}

void Plugin::readManifest() {
    if (id_ == "host" || id_ == "audit" || !isId(id_)) // whose databases would be the host's
        throw Refused("'" + id_ + "' cannot be the name of a plugin: expected [a-z][a-z0-9-]{0,31}, not host or audit");
    auto beside = file_;
    beside.replace_extension(".plugin.json");
    const auto name = beside.filename().string();
    std::error_code error;
    if (!std::filesystem::exists(file_, error))
        throw Refused(file_.filename().string() + " is missing beside its manifest");
    const auto size = std::filesystem::file_size(beside, error);
    if (error) throw Refused(name + " is missing: it is made beside the .so when the plugin is built");
    if (size > kMostManifest) throw Refused(name + " is larger than 8 MiB");
    std::ostringstream text;
    if (!(text << std::ifstream(beside, std::ios::binary).rdbuf())) throw Refused(name + " cannot be read");
    try {
        manifest_ = manifest::fromText(text.str());
    } catch (const std::exception& wrong) {
        throw Refused(name + " is not a manifest: " + wrong.what());
    }
    if (manifest_.id != id_) {
        const auto said = std::exchange(manifest_.id, id_);
        throw Refused(name + " is the manifest of '" + said + "'");
    }
    if (manifest_.abi != TALOME_ABI)
        throw Refused(id_ + " " + manifest_.version + " is built for plugin ABI " + std::to_string(manifest_.abi) +
                      "; this host is " TALOME_VERSION " and offers " + std::to_string(TALOME_ABI));
    for (const auto& area : manifest_.needs)
        if (!areas().contains(area))
            throw Refused(id_ + " " + manifest_.version + " needs " + area +
                          "; this host is " TALOME_VERSION " and offers " + offered(area));
}

void Plugin::load() {
    try {
        boost::dll::library_info file(file_.string()); // reads the file, and runs nothing of it
        const auto symbols = file.symbols();
        if (std::find(symbols.begin(), symbols.end(), kEntry) == symbols.end())
            throw Refused(std::string("the file does not export ") + kEntry);
    } catch (const Refused&) {
        throw;
    } catch (const std::exception& error) {
        throw Refused(std::string("the file is not a plugin for this machine: ") + error.what());
    }
    try {
        library_ = std::make_shared<boost::dll::shared_library>(file_.string(), boost::dll::load_mode::rtld_now |
                                                                                    boost::dll::load_mode::rtld_local);
    } catch (const std::exception& error) {
        throw Refused(error.what()); // with dlerror()'s words
    }
    functions_ = library_->get<const talome_plugin*()>(kEntry)();
    if (!functions_ || functions_->struct_size < sizeof(talome_plugin) || functions_->abi != TALOME_ABI ||
        !functions_->id || !functions_->version || !functions_->create)
        throw Refused("its descriptor is not of plugin ABI " + std::to_string(TALOME_ABI));
    if (id_ != functions_->id || manifest_.version != functions_->version)
        throw Refused(std::string("the file is ") + functions_->id + " " + functions_->version +
                      ", its manifest says " + id_ + " " + manifest_.version);
}

void Plugin::compareWithManifest() const {
    std::vector<manifest::Operation> operations;
    for (const auto& each : self_->operations) operations.push_back(each.declared);
    within(operations, manifest_.operations, "the operation", [](const auto& each) { return each.id; });
    std::vector<manifest::Task> tasks;
    for (const auto& each : self_->tasks) tasks.push_back(each.declared);
    within(tasks, manifest_.tasks, "the task", [](const auto& each) { return each.id; });
    within(self_->settings, manifest_.settings, "the setting", [](const auto& each) { return each.key; });
    within(self_->listeners, manifest_.listeners, "the listener", [](const auto& each) { return each.id; });
    within(self_->topics, manifest_.topics, "the topic", [](const auto& each) { return each.name; });
    within(self_->flags, manifest_.flags, "the flag", [](const auto& each) { return each.name; });
    within(self_->migrations, manifest_.migrations, "the migration",
           [](const auto& each) { return std::to_string(each.version); });
    const std::vector<std::string> uses(self_->uses.begin(), self_->uses.end());
    within(uses, manifest_.uses, "the use of", [](const auto& each) { return each; });
    if (self_->asked.contains(TALOME_PROCESS))
        within(self_->states.of<process::PluginProcesses>(*self_).programs(), manifest_.programs, "the program",
               [](const auto& each) { return each.name; });
    std::vector<std::string> patterns;
    for (const auto& each : self_->subscriptions) patterns.push_back(each.pattern);
    within(patterns, manifest_.subscriptions, "the subscription to", [](const auto& each) { return each; });
}

bool Plugin::start(const Services& services, const std::filesystem::path& databaseDir) {
    const bool fine = step(State::failed, [&] {
        load();
        self_ = std::make_unique<talome_self>(id_, services);
        gate::lastWords().clear();
        ensure(functions_->create(&hostTable(), self_.get(), &instance_), "create()");
        self_->creating = false;
        compareWithManifest();
        for (const auto& setting : self_->settings) services.settings.declare(id_, setting);
        if (self_->changing) services.settings.onChange(id_, questionTo(*self_));
        if (self_->asked.contains(TALOME_DATABASE)) {
            self_->database =
                std::make_unique<storage::Database>(databaseDir / (id_ + ".db"), storage::Durability::processCrash);
            std::vector<storage::Migration> migrations;
            for (const auto& each : self_->migrations) migrations.push_back({each.version, each.sql});
            self_->database->migrate(migrations);
        }
        if (functions_->start) ensure(functions_->start(instance_), "start()");
        started_ = true;
    });
    if (!fine) stop();
    return fine;
}

bool Plugin::activate() {
    const bool fine = step(State::failed, [&] {
        self_->activate();
        gate::lastWords().clear();
        if (functions_->activate) ensure(functions_->activate(instance_), "activate()");
        activeSince_ = self_->services.now();
        state_ = State::active;
        reason_.clear();
    });
    if (!fine) stop();
    return fine;
}

void Plugin::stop() {
    if (self_) {
        self_->quiesce();
        if (state_ == State::active && functions_->quiesce) functions_->quiesce(instance_);
        if (started_ && functions_->stop) functions_->stop(instance_);
        self_->states.stop();
        if (instance_ && functions_->destroy) functions_->destroy(instance_);
        self_->services.settings.forget(id_);
    }
    if (state_ == State::active) state_ = State::disabled;
    started_ = false;
    instance_ = nullptr;
    self_.reset();
    // Code that says it cannot be unmapped stays: its threads or exit handlers may still run in it.
    if (library_ && functions_ && !(functions_->flags & TALOME_CAN_UNLOAD)) keepMapped(std::move(library_));
    functions_ = nullptr;
    if (!library_) return;
    library_.reset();
    if (void* still = ::dlopen(file_.c_str(), RTLD_LAZY | RTLD_NOLOAD)) {
        ::dlclose(still);
        log::warn("host", "plugin " + id_ + " was stopped, but its code stays in memory: something still refers to it");
    }
}

std::vector<std::shared_ptr<const gate::Endpoint>> Plugin::endpoints() const { return endpointsOf(*self_, library_); }

std::vector<std::shared_ptr<const gate::Endpoint>> endpointsOf(const talome_self& self, std::shared_ptr<void> alive) {
    std::vector<std::shared_ptr<const gate::Endpoint>> result;
    for (const auto& each : self.operations) {
        try {
            result.push_back(std::make_shared<gate::Endpoint>(gate::Endpoint{
                each.declared, gate::Schema(each.declared.input), each.invoke, each.user, each.wire,
                each.lateAuthentication, self.id, self.id == "host" ? nullptr : self.bulkhead, alive}));
        } catch (const std::invalid_argument& wrong) {
            throw std::invalid_argument(each.declared.id + ": " + wrong.what());
        }
    }
    return result;
}

} // namespace talome::plugins

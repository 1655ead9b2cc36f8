// Finds the plugins, decides which run, starts them, and publishes what can be called.
#include "host/plugins/manager.hpp"

#include "host/log/log.hpp"

#include <algorithm>

namespace talome::plugins {

namespace {

/// Everything of one owner, or std::invalid_argument, and then nothing of it.
void add(gate::Snapshot& snapshot, const std::vector<std::shared_ptr<const gate::Endpoint>>& endpoints) {
    for (const auto& endpoint : endpoints) {
        if (!snapshot.operations.emplace(endpoint->declared.id, endpoint).second)
            throw std::invalid_argument("the operation " + endpoint->declared.id + " exists already");
        for (const auto& route : endpoint->declared.routes)
            snapshot.routers[route.listener ? listenerName(endpoint->plugin, *route.listener) : ""].add(
                route.method, route.path, gate::Routed{endpoint, &route});
    }
}

} // namespace

Manager::Manager(Services services, storage::Database& host, std::vector<std::filesystem::path> directories,
                 WantedAtFirst wantedAtFirst)
    : services_(std::move(services)), database_(host), directories_(std::move(directories)),
      wantedAtFirst_(std::move(wantedAtFirst)) {}

Manager::~Manager() { stopAll(); }

void Manager::setHost(const talome_self& self) {
    hostEndpoints_ = endpointsOf(self, nullptr);
    for (const auto& flag : self.flags) hostFlags_[flag.name] = flag.granted;
    publish();
}

void Manager::discover() {
    std::set<std::string> seen;
    for (const auto& directory : directories_) {
        std::error_code error;
        std::vector<std::filesystem::path> files;
        for (auto it = std::filesystem::directory_iterator(directory, error);
             !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
            auto path = it->path();
            if (path.filename().string().ends_with(".plugin.json"))
                path = path.parent_path() / (path.stem().stem().string() + ".so");
            else if (path.extension() != ".so")
                continue;
            files.push_back(std::move(path));
        }
        if (error) log::warn("host", directory.string() + ": " + error.message() + "; no plugins are taken from there");
        std::sort(files.begin(), files.end());
        for (auto& file : files)
            if (seen.insert(file.stem().string()).second) plugins_.push_back(std::make_unique<Plugin>(std::move(file)));
    }
}

bool Manager::wanted(const std::string& id) {
    const auto rows = database_.rows("SELECT enabled FROM plugins WHERE id = ?", {id});
    if (!rows.empty()) return std::get<std::int64_t>(rows[0][0]) != 0;
    const bool wanted = wantedAtFirst_(id);
    database_.run("INSERT INTO plugins (id, enabled, changed_at) VALUES (?, ?, ?)",
                  {id, std::int64_t{wanted}, services_.now()});
    return wanted;
}

void Manager::startAll() {
    discover();
    for (const auto& plugin : plugins_) {
        if (!plugin->check()) continue;
        if (!wanted(plugin->id()))
            plugin->disable();
        else if (const auto held = services_.crashes ? services_.crashes->quarantine(plugin->id()) : std::nullopt)
            plugin->quarantine(held->words());
        else if (plugin->start(services_, database_.file().parent_path()))
            plugin->activate();
    }
    publish();
}

void Manager::publish() {
    for (;;) {
        auto snapshot = std::make_shared<gate::Snapshot>();
        add(*snapshot, hostEndpoints_);
        snapshot->flags = hostFlags_;
        Plugin* adding = nullptr;
        try {
            for (const auto& plugin : plugins_) {
                if (plugin->state() != State::active) continue;
                adding = plugin.get();
                add(*snapshot, plugin->endpoints());
                for (const auto& flag : plugin->self()->flags) {
                    const auto [it, fresh] = snapshot->flags.emplace(flag.name, flag.granted);
                    if (!fresh && it->second != flag.granted)
                        throw std::invalid_argument("the flag '" + flag.name +
                                                    "' is declared with another default already");
                }
                snapshot->uses[plugin->id()] = plugin->self()->uses;
            }
            services_.registry.publish(std::move(snapshot));
            note();
            return;
        } catch (const std::invalid_argument& conflict) {
            snapshot.reset(); // or it would keep the code in memory
            adding->stop();   // what it had added already is gone with the snapshot: begin again without it
            adding->refuse(conflict.what());
        }
    }
}

void Manager::note() {
    std::vector<PluginInfo> list;
    for (const auto& plugin : plugins_) {
        const auto& manifest = plugin->manifest();
        PluginInfo info{plugin->id(),     manifest.version, manifest.summary,        plugin->state(),
                        std::nullopt,     std::nullopt,     plugin->file().string(), manifest.operations.size(),
                        manifest.prefixes};
        if (!plugin->reason().empty()) info.reason = plugin->reason();
        if (plugin->state() == State::active) info.activeSince = log::timestamp(plugin->activeSince());
        list.push_back(std::move(info));
    }
    const std::lock_guard lock(mutex_);
    list_ = std::move(list);
}

void Manager::stopAll() {
    services_.registry.publish(std::make_shared<gate::Snapshot>());
    for (auto it = plugins_.rbegin(); it != plugins_.rend(); ++it) (*it)->stop();
    plugins_.clear();
}

std::vector<PluginInfo> Manager::list() const {
    const std::lock_guard lock(mutex_);
    return list_;
}

} // namespace talome::plugins

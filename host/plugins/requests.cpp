// What is asked of the manager by others: what there is, and that something be enabled, disabled or replaced.
#include "host/log/log.hpp"
#include "host/plugins/manager.hpp"

#include <algorithm>

namespace talome::plugins {

namespace {

gate::Failure cannot(const std::string& id, const std::string& what, const std::string& why) {
    return {TALOME_E_CONFLICT, id + " cannot be " + what + ": " + why};
}

} // namespace

void Manager::note() {
    std::vector<Shown> all;
    for (const auto& slot : slots_) {
        const auto& manifest = slot->running ? slot->running->manifest() : slot->manifest;
        Shown shown;
        auto& detail = shown.detail;
        detail.id = slot->id;
        detail.version = manifest.version;
        detail.summary = manifest.summary;
        detail.state = slot->state;
        if (!slot->reason.empty()) detail.reason = slot->reason;
        if (slot->state == State::active) detail.activeSince = log::timestamp(slot->activeSince);
        detail.file = slot->file.string();
        detail.operations = manifest.operations.size();
        detail.prefixes = manifest.prefixes;
        detail.enabled = slot->wanted;
        detail.generation = slot->generations;
        detail.draining = static_cast<unsigned>(slot->leaving.size());
        detail.dependsOn = manifest.requirements;
        detail.waitingFor = slot->waitingFor;
        if (slot->running) {
            if (slot->running->code()->mark() != slot->seen && !slot->unreadable)
                detail.available = slot->manifest.version;
            const auto& self = slot->running->self();
            detail.listeners = self.listenerPlaces();
            shown.bulkhead = self.bulkhead;
            shown.owner = &self;
            if (slot->database) shown.database = slot->database->file();
        }
        if (!manifest.version.empty()) detail.manifest = boost::json::parse(toJson(manifest));
        all.push_back(std::move(shown));
    }
    std::ranges::sort(all, {}, [](const Shown& each) { return each.detail.id; });
    const std::lock_guard lock(mutex_);
    shown_ = std::move(all);
}

std::vector<PluginInfo> Manager::list() const {
    const std::lock_guard lock(mutex_);
    std::vector<PluginInfo> all;
    for (const auto& shown : shown_) all.push_back(shown.detail);
    return all;
}

std::optional<PluginDetail> Manager::find(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto it = std::ranges::find_if(shown_, [&](const Shown& each) { return each.detail.id == id; });
    if (it == shown_.end()) return std::nullopt;
    auto detail = it->detail;
    if (it->bulkhead) {
        detail.resources.callsRunning = it->bulkhead->running();
        detail.resources.callsRefused = it->bulkhead->refused();
    }
    if (it->owner) detail.resources.streams = services_.streams.count(it->owner);
    std::error_code error;
    if (!it->database.empty())
        if (const auto size = std::filesystem::file_size(it->database, error); !error)
            detail.resources.databaseBytes = size;
    return detail;
}

PluginDetail Manager::onThread(const std::string& id, const std::function<void(Slot&)>& what) {
    onThread([&] {
        const auto slot = std::ranges::find_if(slots_, [&](const auto& each) { return each->id == id; });
        if (slot == slots_.end() || stopping_)
            throw gate::Failure(TALOME_E_NOT_FOUND, "there is no plugin '" + id + "'");
        try {
            what(**slot);
        } catch (...) {
            note();
            throw;
        }
        note();
    });
    return find(id).value();
}

PluginDetail Manager::enable(const std::string& id) {
    return onThread(id, [this, id](Slot& slot) {
        slot.wanted = true;
        remember(slot);
        if (slot.running) return;
        slot.read();
        slot.state = State::disabled;
        slot.reason.clear();
        startWhatCan();
        if (!slot.running && slot.state != State::waiting) throw cannot(id, "enabled", slot.reason);
    });
}

PluginDetail Manager::disable(const std::string& id) {
    return onThread(id, [this](Slot& slot) {
        slot.wanted = false;
        slot.waitingFor.clear();
        remember(slot);
        stopWithDependents(slot, State::disabled, "");
    });
}

PluginDetail Manager::replace(const std::string& id) {
    return onThread(id, [this, id](Slot& slot) {
        if (!slot.running)
            throw cannot(id, "replaced", "it is not active" + (slot.reason.empty() ? "" : ": " + slot.reason));
        try {
            replaceRunning(slot);
        } catch (const std::exception& error) {
            if (slot.running) slot.reason = "its replacement was refused: " + std::string(error.what());
            throw cannot(id, "replaced", error.what());
        }
        startWhatCan(); // it may offer more than before
    });
}

/// The folders have changed. What is new is known from now on; what is active and has another file is offered, or
/// swapped in; what had failed is tried again; what is gone ends.
void Manager::rescan() {
    discover();
    for (const auto& slot : slots_) {
        auto beside = slot->file;
        beside.replace_extension(".plugin.json");
        if (slot->seen == FileMark::of(slot->file) && slot->seenManifest == FileMark::of(beside)) continue;
        slot->read();
        const bool gone = slot->seen == FileMark{} && slot->seenManifest == FileMark{};
        if (gone) {
            log::info("host", "plugin " + slot->id + ": its files have been removed");
            stopWithDependents(*slot, State::gone, "its files have been removed");
        } else if (!slot->running) {
            slot->state = State::disabled; // to be tried
            slot->reason.clear();
        } else if (slot->unreadable) {
            log::warn("host",
                      "plugin " + slot->id + ": there is a new file, which cannot be used: " + *slot->unreadable);
        } else if (options_.replaceNewFiles) {
            try {
                replaceRunning(*slot);
            } catch (const std::exception& error) {
                if (slot->running) slot->reason = "its replacement was refused: " + std::string(error.what());
                log::warn("host", "plugin " + slot->id + ": " + error.what());
            }
        } else {
            log::info("host", "plugin " + slot->id + ": version " + slot->manifest.version +
                                  " has been installed; POST /api/plugins/" + slot->id + "/replace swaps it in");
        }
    }
    startWhatCan();
}

} // namespace talome::plugins

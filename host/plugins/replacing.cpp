// One generation of a plugin takes the place of another, while both are called.
#include "host/log/log.hpp"
#include "host/plugins/manager.hpp"
#include "host/plugins/wait_until_empty.hpp"
#include "host/storage/durable_file.hpp"

#include <algorithm>

namespace talome::plugins {

namespace {

/// For calls that have been told to end.
constexpr std::chrono::seconds kTold{5};

/// The listeners that both have, at the same place: they go on without a moment's rest.
std::set<std::string> common(const talome_self& older, const talome_self& newer) {
    const auto was = older.listenerPlaces(), is = newer.listenerPlaces();
    std::set<std::string> same;
    for (const auto& [id, place] : is)
        if (const auto it = was.find(id); it != was.end() && it->second == place) same.insert(id);
    return same;
}

std::vector<std::string> keysOf(const Generation& generation) {
    std::vector<std::string> keys;
    for (const auto& each : generation.self().settings) keys.push_back(each.key);
    return keys;
}

} // namespace

void Manager::replaceRunning(Slot& slot) {
    slot.read();
    if (slot.unreadable) throw Refused(*slot.unreadable);
    auto code = std::make_shared<Code>(slot.file, slot.manifest, options_.origin);
    if (isExclusive(slot, slot.manifest))
        replaceExclusively(slot, std::move(code));
    else
        replaceBeside(slot, std::move(code));
    slot.state = State::active;
    slot.reason.clear();
    slot.activeSince = services_.now();
    log::info("host", "plugin " + slot.id + " was replaced: " + slot.manifest.version + " is its generation " +
                          std::to_string(slot.generations));
}

bool Manager::isExclusive(const Slot& slot, const manifest::Manifest& next) const {
    const auto known = slot.running->self().migrations.size();
    return std::ranges::any_of(next.migrations,
                               [&](const auto& each) { return each.exclusive && each.version > known; });
}

/// A plugin that others depend on must go on offering what they need.
void Manager::requireDependents(const Slot& slot, const std::vector<Generation*>& then) const {
    const auto snapshot = compose(hostEndpoints_, hostFlags_, then);
    for (const auto& other : slots_)
        if (other->running && other.get() != &slot)
            if (const auto missing = unmet(other->running->manifest().requirements, *snapshot); !missing.empty())
                throw Refused(other->id + " depends on " + missing.front() + ", which this version of " + slot.id +
                              " does not offer");
}

void Manager::replaceBeside(Slot& slot, std::shared_ptr<Code> code) {
    auto& settings = services_.settings;
    auto& older = *slot.running;
    std::unique_ptr<Generation> fresh;
    const auto backToOlder = [&] {
        declareSettings(older);
        settings.keepOnly(slot.id, keysOf(older));
        settings.onChange(slot.id, older.self().changing ? questionTo(older.self()) : nullptr);
    };
    try {
        fresh = begin(slot, std::move(code));
        auto then = runningOnes(&slot);
        then.push_back(fresh.get());
        requireDependents(slot, then);
    } catch (...) {
        backToOlder();
        throw;
    }
    const auto listening = common(older.self(), fresh->self());
    settings.onChange(slot.id, fresh->self().changing ? questionTo(fresh->self()) : nullptr);
    older.self().handOverStreams(fresh->self());
    std::swap(slot.running, fresh);
    publish(); // from here on calls come to the new one
    fresh->quiesce(listening);
    try {
        slot.running->activate(listening);
    } catch (const std::exception& error) {
        log::warn("host", "plugin " + slot.id + ": " + error.what() + "; the one before goes on");
        slot.running->self().handOverStreams(fresh->self());
        std::swap(slot.running, fresh);
        publish();
        fresh->quiesce(listening);
        const std::string why = error.what();
        leave(slot, std::move(fresh));
        backToOlder();
        goOn(slot, why, listening);
    }
    settings.keepOnly(slot.id, keysOf(*slot.running));
    leave(slot, std::move(fresh));
}

/// The one that was told to end goes on after all; if it cannot, the plugin has failed. Throws why.
void Manager::goOn(Slot& slot, const std::string& why, const std::set<std::string>& listening) {
    try {
        slot.running->activate(listening);
    } catch (const std::exception& again) {
        const auto both = why + "; and the one before does not go on: " + again.what();
        stopWithDependents(slot, State::failed, both);
        throw std::runtime_error(both);
    }
    throw std::runtime_error(why);
}

/// The old code cannot run on the new data: first it ends, then the data changes. Whoever calls meanwhile is told to
/// come again.
void Manager::replaceExclusively(Slot& slot, std::shared_ptr<Code> code) {
    if (!slot.leaving.empty())
        throw std::runtime_error("calls of an older generation have not ended, and its data cannot change under them");
    auto& older = *slot.running;
    const auto olderCode = older.code();
    auto& drain = *older.self().drain;
    older.quiesce();
    bool empty = waitUntilEmpty(drain, options_.drainLimit);
    if (!empty) {
        drain.cancel();
        empty = waitUntilEmpty(drain, kTold);
    }
    if (!empty) {
        drain.reopen();
        goOn(slot, "it has calls that do not end, and its data cannot change under them");
    }
    older.finish();
    slot.running.reset();
    const auto file = slot.database->file();
    auto copy = file;
    copy += ".before";
    std::error_code error;
    std::filesystem::remove(copy, error);
    std::string why;
    bool copied = false;
    try {
        slot.database->run("VACUUM INTO ?", {copy.string()});
        storage::syncFile(copy);
        copied = true;
        auto fresh = begin(slot, std::move(code));
        auto then = runningOnes();
        then.push_back(fresh.get());
        requireDependents(slot, then);
        serve(slot, std::move(fresh));
    } catch (const std::exception& failed) {
        why = failed.what();
    }
    if (why.empty()) {
        publish();
        services_.settings.keepOnly(slot.id, keysOf(*slot.running));
        std::filesystem::remove(copy, error);
        return;
    }
    log::warn("host", "plugin " + slot.id + ": " + why + "; its data is put back, and the one before starts again");
    try {
        slot.database.reset();
        if (copied) {
            for (const char* of : {"-wal", "-shm"}) std::filesystem::remove(file.string() + of);
            std::filesystem::rename(copy, file);
            storage::syncFolder(file.parent_path());
        } else // not all of the data is in it, and nothing has been done to that
            std::filesystem::remove(copy, error);
        serve(slot, begin(slot, olderCode));
        services_.settings.keepOnly(slot.id, keysOf(*slot.running));
        publish();
    } catch (const std::exception& again) {
        const auto both = why + "; and the one before does not start again: " + again.what();
        services_.settings.forget(slot.id);
        slot.database.reset();
        publish();
        log::warn("host", "plugin " + slot.id + ": " + both);
        stopWithDependents(slot, State::failed, both);
        throw std::runtime_error(both);
    }
    throw std::runtime_error(why);
}

} // namespace talome::plugins

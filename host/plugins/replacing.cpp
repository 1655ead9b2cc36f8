// One generation of a plugin takes the place of another, while both are called.
#include "host/log/log.hpp"
#include "host/plugins/manager.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace talome::plugins {

namespace {

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

/// Whether the last one has left in time.
bool waitUntilEmpty(gate::Drain& drain, std::chrono::milliseconds limit) {
    struct Seen {
        std::mutex mutex;
        std::condition_variable changed;
        bool empty = false;
    };
    const auto seen = std::make_shared<Seen>();
    drain.close([seen] {
        {
            const std::lock_guard lock(seen->mutex);
            seen->empty = true;
        }
        seen->changed.notify_all();
    });
    std::unique_lock lock(seen->mutex);
    const auto isEmpty = [&] { return seen->empty; };
    if (seen->changed.wait_for(lock, limit, isEmpty)) return true;
    drain.cancel();
    return seen->changed.wait_for(lock, std::chrono::seconds(5), isEmpty);
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
            if (const auto missing = unmet(other->manifest.requirements, *snapshot); !missing.empty())
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
        fresh->self().quiesce(listening); // of what activate() had begun
        const std::string why = error.what();
        leave(slot, std::move(fresh));
        backToOlder();
        try {
            slot.running->activate(listening);
        } catch (const std::exception& again) {
            const auto both = why + "; and the one before does not go on: " + again.what();
            stop(slot, State::failed, both);
            throw std::runtime_error(both);
        }
        throw std::runtime_error(why);
    }
    settings.keepOnly(slot.id, keysOf(*slot.running));
    leave(slot, std::move(fresh));
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
    if (!waitUntilEmpty(drain, options_.drainLimit)) {
        drain.reopen();
        older.activate();
        throw std::runtime_error("it has calls that do not end, and its data cannot change under them");
    }
    older.finish();
    slot.running.reset();
    const auto file = slot.database->file();
    auto copy = file;
    copy += ".before";
    std::error_code error;
    std::filesystem::remove(copy, error);
    std::string why;
    try {
        slot.database->run("VACUUM INTO ?", {copy.string()});
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
        if (std::filesystem::exists(copy)) {
            for (const char* of : {"-wal", "-shm"}) std::filesystem::remove(file.string() + of);
            std::filesystem::rename(copy, file);
        }
        serve(slot, begin(slot, olderCode));
        services_.settings.keepOnly(slot.id, keysOf(*slot.running));
        publish();
    } catch (const std::exception& again) {
        const auto both = why + "; and the one before does not start again: " + again.what();
        services_.settings.forget(slot.id);
        slot.database.reset();
        publish();
        fail(slot, State::failed, both);
        throw std::runtime_error(both);
    }
    throw std::runtime_error(why);
}

} // namespace talome::plugins

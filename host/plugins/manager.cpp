// Finds the plugins, decides which run, leads them through their lives, and publishes what can be called.
#include "host/plugins/manager.hpp"

#include "host/log/log.hpp"
#include "host/plugins/directory_watch.hpp"

#include <algorithm>
#include <future>
#include <set>
#include <talome/database.h>

namespace talome::plugins {

namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string all;
    for (const auto& each : words) all += (all.empty() ? "" : ", ") + each;
    return all;
}

} // namespace

void Slot::read() {
    auto beside = file;
    beside.replace_extension(".plugin.json");
    seen = FileMark::of(file);
    seenManifest = FileMark::of(beside);
    unreadable.reset();
    try {
        manifest = readManifest(file);
    } catch (const std::exception& wrong) {
        unreadable = wrong.what();
    }
}

Manager::Manager(Services services, storage::Database& host, ManagerOptions options)
    : services_(std::move(services)), database_(host), options_(std::move(options)),
      lifecycle_(options_.lifecycleLimit), queue_(std::make_unique<QueueThread>("plugins")) {}

Manager::~Manager() {
    stopAll();
    queue_.reset();
}

void Manager::setHost(const talome_self& self) {
    hostEndpoints_ = endpointsOf(self);
    for (const auto& flag : self.flags) hostFlags_[flag.name] = flag.granted;
    publish();
}

void Manager::discover() {
    for (const auto& directory : options_.directories) {
        std::error_code error;
        std::set<std::filesystem::path> files;
        for (auto it = std::filesystem::directory_iterator(directory, error);
             !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
            auto path = it->path();
            if (path.filename().string().ends_with(".plugin.json"))
                path = path.parent_path() / (path.stem().stem().string() + ".so");
            else if (path.extension() != ".so")
                continue;
            files.insert(std::move(path));
        }
        if (error) log::warn("host", directory.string() + ": " + error.message() + "; no plugins are taken from there");
        for (const auto& file : files) {
            const auto id = file.stem().string();
            if (std::ranges::any_of(slots_, [&](const auto& slot) { return slot->id == id; })) continue;
            auto& slot = *slots_.emplace_back(std::make_unique<Slot>());
            slot.id = id;
            slot.file = file;
            slot.manifest.id = id;
            slot.read();
            slot.wanted = wanted(id);
        }
    }
}

bool Manager::wanted(const std::string& id) {
    const auto rows = database_.rows("SELECT enabled FROM plugins WHERE id = ?", {id});
    if (!rows.empty()) return std::get<std::int64_t>(rows[0][0]) != 0;
    const bool wanted = options_.wantedAtFirst(id);
    database_.run("INSERT INTO plugins (id, enabled, changed_at) VALUES (?, ?, ?)",
                  {id, std::int64_t{wanted}, services_.now()});
    return wanted;
}

void Manager::remember(const Slot& slot) {
    database_.run("UPDATE plugins SET enabled = ?, changed_at = ? WHERE id = ?",
                  {std::int64_t{slot.wanted}, services_.now(), slot.id});
}

void Manager::startAll() {
    onThread([this] {
        discover();
        startWhatCan();
        watch_ = std::make_unique<DirectoryWatch>(services_.reactor, options_.directories, [this] {
            queue_->post([this] {
                if (!stopping_) rescan();
            });
        });
    });
}

void Manager::onThread(const std::function<void()>& what) {
    const auto task = std::make_shared<std::packaged_task<void()>>(what);
    auto done = task->get_future();
    queue_->post([task] { (*task)(); });
    done.get();
}

/// Starting one may be what another has waited for.
void Manager::startWhatCan() {
    for (bool again = true; again;) {
        again = false;
        for (const auto& slot : slots_) {
            if (slot->running || slot->state == State::failed || slot->state == State::refused ||
                slot->state == State::gone)
                continue;
            if (slot->unreadable) {
                fail(*slot, State::refused, *slot->unreadable);
                continue;
            }
            if (!slot->wanted) {
                slot->state = State::disabled;
                continue;
            }
            if (!slot->manifest.requirements.empty() && !published_) publish();
            if (start(*slot)) again = true;
        }
    }
    if (!published_) publish();
    note();
}

bool Manager::start(Slot& slot) {
    slot.waitingFor = unmet(slot.manifest.requirements, *snapshot_);
    if (!slot.waitingFor.empty()) {
        slot.state = State::waiting;
        slot.reason = "waits for a plugin that offers " + joined(slot.waitingFor);
        return false;
    }
    slot.state = State::starting;
    try {
        serve(slot, begin(slot, std::make_shared<Code>(slot.file, slot.manifest, options_.origin)));
        return true;
    } catch (const Refused& refused) {
        fail(slot, State::refused, refused.what());
    } catch (const std::invalid_argument& conflict) {
        fail(slot, State::refused, conflict.what());
    } catch (const std::exception& error) {
        fail(slot, State::failed, error.what());
    }
    services_.settings.forget(slot.id);
    if (slot.leaving.empty()) slot.database.reset();
    return false;
}

/// From its code to where it can serve.
std::unique_ptr<Generation> Manager::begin(Slot& slot, std::shared_ptr<Code> code) {
    auto generation = std::make_unique<Generation>(std::move(code), services_, lifecycle_);
    generation->create();
    declareSettings(*generation);
    openDatabase(slot, *generation);
    generation->start();
    ++slot.generations;
    return generation;
}

void Manager::declareSettings(const Generation& generation) const {
    for (const auto& setting : generation.self().settings) services_.settings.declare(generation.self().id, setting);
}

void Manager::openDatabase(Slot& slot, Generation& generation) {
    auto& self = generation.self();
    if (!self.asked.contains(TALOME_DATABASE)) return;
    if (!slot.database)
        slot.database = std::make_shared<storage::Database>(database_.file().parent_path() / (slot.id + ".db"),
                                                            storage::Durability::processCrash);
    std::vector<storage::Migration> migrations;
    for (const auto& each : self.migrations) migrations.push_back({each.version, each.sql});
    slot.database->migrate(migrations);
    self.database = slot.database;
}

/// The first of its plugin, as things stand: nothing of it runs yet.
void Manager::serve(Slot& slot, std::unique_ptr<Generation> generation) {
    auto then = runningOnes();
    then.push_back(generation.get());
    auto snapshot = compose(hostEndpoints_, hostFlags_, then); // whether it can be, before it begins
    if (generation->self().changing) services_.settings.onChange(slot.id, questionTo(generation->self()));
    generation->activate();
    slot.running = std::move(generation);
    slot.state = State::active;
    slot.reason.clear();
    slot.activeSince = services_.now();
    published_ = false;
}

std::vector<Generation*> Manager::runningOnes(const Slot* without) const {
    std::vector<Generation*> all;
    for (const auto& slot : slots_)
        if (slot->running && slot.get() != without) all.push_back(slot->running.get());
    return all;
}

void Manager::publish() {
    snapshot_ = compose(hostEndpoints_, hostFlags_, runningOnes());
    services_.registry.publish(snapshot_);
    published_ = true;
}

void Manager::fail(Slot& slot, State state, const std::string& why) {
    slot.state = state;
    slot.reason = why;
    log::warn("host", "plugin " + slot.id + ": " + why);
}

/// What needs it goes before it, and waits for it to come back.
void Manager::stopWithDependents(Slot& slot, State state, const std::string& reason) {
    std::vector<Slot*> going{&slot};
    const auto isGoing = [&](const Generation* each) {
        return std::ranges::any_of(going, [&](const Slot* one) { return one->running.get() == each; });
    };
    for (bool more = true; more;) {
        more = false;
        auto then = runningOnes();
        std::erase_if(then, isGoing);
        const auto snapshot = compose(hostEndpoints_, hostFlags_, then);
        for (const auto& other : slots_) {
            if (!other->running || isGoing(other->running.get())) continue;
            if (unmet(other->manifest.requirements, *snapshot).empty()) continue;
            going.push_back(other.get());
            more = true;
            break;
        }
    }
    for (auto it = going.rbegin(); it != going.rend(); ++it)
        if (*it == &slot)
            stop(slot, state, reason);
        else
            stop(**it, State::waiting, "waits for " + slot.id + ", which it depends on");
}

void Manager::stop(Slot& slot, State state, const std::string& reason) {
    slot.state = state;
    slot.reason = reason;
    if (!slot.running) return;
    auto generation = std::move(slot.running);
    publish(); // nobody finds it any more
    generation->quiesce();
    leave(slot, std::move(generation));
}

/// Whoever is inside may finish; the last one lets it go.
void Manager::leave(Slot& slot, std::unique_ptr<Generation> generation) {
    const auto drain = generation->self().drain;
    const auto* which = generation.get();
    slot.leaving.push_back(std::move(generation));
    services_.reactor.at(tasks::Reactor::Clock::now() + options_.drainLimit, [weak = std::weak_ptr(drain)] {
        if (const auto still = weak.lock()) still->cancel();
    });
    drain->close([this, id = slot.id, which] { queue_->post([this, id, which] { finishLeaving(id, which); }); });
}

void Manager::finishLeaving(const std::string& id, const Generation* which) {
    const auto slot = std::ranges::find_if(slots_, [&](const auto& each) { return each->id == id; });
    if (slot == slots_.end()) return;
    auto& leaving = (*slot)->leaving;
    const auto it = std::ranges::find_if(leaving, [&](const auto& each) { return each.get() == which; });
    if (it == leaving.end()) return;
    const auto generation = std::move(*it);
    leaving.erase(it);
    generation->finish();
    if (!(*slot)->running && leaving.empty()) {
        services_.settings.forget(id);
        (*slot)->database.reset();
    }
    note();
}

void Manager::stopAll() {
    onThread([this] {
        stopping_ = true;
        watch_.reset();
        services_.registry.publish(std::make_shared<gate::Snapshot>());
        for (auto it = slots_.rbegin(); it != slots_.rend(); ++it) {
            auto& slot = **it;
            if (slot.running) slot.leaving.push_back(std::move(slot.running));
            for (auto& generation : slot.leaving) {
                generation->quiesce();
                generation->finish();
            }
        }
        slots_.clear();
    });
}

} // namespace talome::plugins

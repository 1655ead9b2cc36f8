// See the header. The order "stream, list, events" leaves no window: the stream is asked for everything since a moment
// before it was opened, and an event that the list already shows costs one more look.
#include "engine/engine_keeper.hpp"

#include "engine/remote_event_stream.hpp"

#include <algorithm>
#include <utility>

namespace talome::docker {

namespace {

using namespace std::chrono_literals;

constexpr auto kFirstLimit = 2s; // in start(), which has a time limit itself
constexpr auto kConnectLimit = 2s;
constexpr auto kListLimit = 10s;
constexpr auto kInspectLimit = 2s, kInspectAllLimit = 4s;
constexpr auto kFirstBackoff = 100ms, kLongestBackoff = 1500ms; // back within 2 s of the engine's return
constexpr auto kHeartbeat = 40s; // an engine that hangs sends no events, and no end either
constexpr std::size_t kMaxPending = 1000;
constexpr std::size_t kMaxAskedAtOnce = 50;
constexpr std::int64_t kSecond = 1'000'000'000;

// Only what changes a container: health checks and `exec` would otherwise wake us all the time.
constexpr std::string_view kFilters =
    R"({"type":["container"],"event":["create","start","restart","die","kill","oom","stop","pause","unpause",)"
    R"("rename","update","destroy","health_status"]})";

// The engine tells of these before its list shows them.
bool announcedEarly(std::string_view action) {
    return action == "pause" || action == "unpause" || action == "rename" || action == "update";
}

Pids pidsOf(const std::map<std::string, engine::InspectedState>& inspected) {
    Pids pids;
    for (const auto& [id, found] : inspected) pids[id] = found.State_.Pid;
    return pids;
}

std::string nanoText(std::int64_t nanos) {
    const std::string fraction = std::to_string(nanos % kSecond);
    return std::to_string(nanos / kSecond) + "." + std::string(9 - fraction.size(), '0') + fraction;
}

} // namespace

void EngineKeeper::open() {
    const std::scoped_lock lock(connectMutex_);
    connect(kFirstLimit);
}

void EngineKeeper::activate() {
    closing_ = false;
    {
        const std::scoped_lock lock(pendingMutex_);
        pending_.announcements.clear(); // told by the generation before this one
    }
    active_ = true;
    wake(kConnectTask);
    wake(kRefreshTask);
}

void EngineKeeper::close() {
    active_ = false;
    closing_ = true;
    const std::scoped_lock lock(connectMutex_);
    std::shared_ptr<EventStream> stream;
    {
        const std::scoped_lock state(stateMutex_);
        stream.swap(stream_);
        streaming_ = false;
    }
}

void EngineKeeper::wake(const char* task, std::chrono::milliseconds delay) const {
    if (active_) host_.wake(task, delay);
}

bool EngineKeeper::streaming() {
    const std::scoped_lock lock(stateMutex_);
    return streaming_;
}

void EngineKeeper::connectTask() {
    const std::scoped_lock lock(connectMutex_);
    if (!active_) return;
    bool connected = streaming();
    if (connected) {
        try {
            client_.send(ask({"_ping"}, kConnectLimit));
        } catch (const Error& error) {
            breakOff(error.what());
            connected = false;
        }
    } else {
        connected = connect(kConnectLimit);
    }
    backoff_ = connected ? 0ms : std::clamp<std::chrono::milliseconds>(backoff_ * 2, kFirstBackoff, kLongestBackoff);
    wake(kConnectTask, connected ? std::chrono::milliseconds(kHeartbeat) : backoff_);
}

// With connectMutex_ held.
bool EngineKeeper::connect(std::chrono::milliseconds limit) {
    try {
        const EngineVersion version = client_.negotiate(limit);
        if (!openStream(version, limit)) return false;
        const std::scoped_lock lock(askMutex_);
        listAll(version.engine);
        return true;
    } catch (const Error& error) {
        breakOff(error.what());
        return false;
    }
}

std::shared_ptr<EventStream> EngineKeeper::makeStream(const std::string& api, const EngineRequest& request,
                                                      std::chrono::milliseconds limit) const {
    if (client_.address().socket.empty()) return std::make_shared<RemoteEventStream>(client_.streamRequest(request));
    return std::make_shared<LocalEventStream>(client_.address().socket, engineTarget(api, request), limit);
}

bool EngineKeeper::openStream(const EngineVersion& version, std::chrono::milliseconds limit) {
    std::shared_ptr<EventStream> old;
    {
        const std::scoped_lock lock(stateMutex_);
        if (stream_ && !stream_->ended()) return false; // its end is on the way to the strand
        old.swap(stream_);
    }
    old.reset();
    const std::int64_t now = version.unixSeconds * kSecond;
    if (lastEventNano_ == 0 || lastEventNano_ > now + 2 * kSecond) lastEventNano_ = now - kSecond;
    announcedUpTo_ = lastEventNano_;
    EngineRequest request = ask({"events"}, limit);
    request.query = {{"since", nanoText(lastEventNano_)}, {"filters", std::string(kFilters)}};
    const auto stream = makeStream(version.api, request, limit);
    {
        const std::scoped_lock lock(stateMutex_);
        stream_ = stream;
        streaming_ = true;
    }
    stream->watch(
        host_, [this](std::string_view line) { onLine(line); }, [this](const std::string& why) { onEnd(why); });
    return true;
}

void EngineKeeper::onLine(std::string_view line) {
    std::optional<EngineEvent> event;
    try {
        event = parseEngineEvent(line);
    } catch (const Invalid& error) {
        host_.warn(std::string("an event of the Docker engine cannot be read: ") + error.what());
    }
    if (!event) return;
    const bool known = event->timeNano <= announcedUpTo_;
    lastEventNano_ = std::max(lastEventNano_, event->timeNano);
    {
        const std::scoped_lock lock(pendingMutex_);
        const auto signal = stopSignals_.find(event->id);
        auto announcement =
            translator_.translate(*event, signal == stopSignals_.end() ? std::nullopt : std::optional(signal->second));
        if (event->action == "destroy") stopSignals_.erase(event->id);
        pending_.changed[event->id] |= announcedEarly(event->action);
        if (announcement && !known) pending_.announcements.push_back(std::move(*announcement));
        if (pending_.announcements.size() > kMaxPending) pending_.announcements.pop_front();
    }
    wake(kRefreshTask);
}

void EngineKeeper::onEnd(const std::string& why) {
    if (streaming()) down(why); // else it was broken off, for a reason that says more
    wake(kConnectTask);
}

// From any thread but the strand: the stream's end brings onEnd().
void EngineKeeper::breakOff(const std::string& why) {
    std::shared_ptr<EventStream> stream;
    {
        const std::scoped_lock lock(stateMutex_);
        stream = stream_;
    }
    down(why); // before the stream is told, so that this is the reason that stays
    if (stream) stream->abandon();
}

void EngineKeeper::down(const std::string& why) {
    bool news = false;
    {
        const std::scoped_lock lock(stateMutex_);
        news = std::exchange(up_, false);
        streaming_ = false;
        cache_.down(why);
    }
    if (!news) return;
    host_.warn("the Docker engine is lost: " + why);
    if (active_) host_.publish("docker.engine", EngineState{false, {}, why});
}

void EngineKeeper::refreshTask() {
    const std::scoped_lock lock(askMutex_);
    if (!active_) return;
    Pending work;
    {
        const std::scoped_lock pendingLock(pendingMutex_);
        std::swap(work, pending_);
    }
    if (!work.changed.empty() && streaming()) {
        try {
            if (work.changed.size() > kMaxAskedAtOnce)
                listAll(cache_.snapshot()->version);
            else
                listSome(work.changed);
        } catch (const Error& error) {
            breakOff(error.what());
        }
    }
    for (const Announcement& told : work.announcements) {
        host_.publish(told.topic, told.event);
        if (heard_) heard_(told);
    }
}

RecordPtr EngineKeeper::resolve(const std::string& ref) {
    try {
        return cache_.snapshot()->resolve(ref);
    } catch (const NotFound& missing) {
        try {
            lookAt(client_.get<engine::ContainerId>(ask({"containers", ref, "json"}, kInspectLimit)).Id);
        } catch (const NotFound&) {
            throw missing; // in our words
        }
        return cache_.snapshot()->resolve(ref);
    }
}

RecordPtr EngineKeeper::resolveRunning(const std::string& ref) {
    const RecordPtr known = resolve(ref);
    if (known->running()) return known;
    lookAt(known->id);
    RecordPtr record = cache_.snapshot()->resolve(known->id);
    if (!record->running()) throw Conflict("container " + record->shown.name + " is not running");
    return record;
}

void EngineKeeper::lookAt(const std::string& id) {
    const std::scoped_lock lock(askMutex_);
    if (!streaming()) return;
    try {
        listSome({{id, false}});
    } catch (const Error& error) { // the action has succeeded all the same; the stream's end tells the rest
        host_.debug(std::string("no look at a container after an action: ") + error.what());
    }
}

EngineRequest EngineKeeper::ask(std::vector<std::string> path, std::chrono::milliseconds limit) const {
    return {.path = std::move(path), .limit = limit, .cancelled = [this] { return closing_.load(); }};
}

template <class Change> void EngineKeeper::apply(const Change& change) {
    const std::scoped_lock lock(stateMutex_);
    if (!streaming_) throw Unavailable("the connection to the Docker engine was lost");
    change();
}

void EngineKeeper::listAll(const std::string& version) {
    EngineRequest request = ask({"containers", "json"}, kListLimit);
    request.query = {{"all", "1"}};
    std::vector<ContainerRecord> records;
    std::set<std::string> ids;
    for (const auto& listed : client_.get<std::vector<engine::ListedContainer>>(request)) {
        records.push_back(containerRecord(listed));
        if (records.back().running()) ids.insert(listed.Id);
    }
    bool news = false;
    apply([&] {
        cache_.replace(std::move(records), version);
        news = !std::exchange(up_, true);
    });
    if (news) {
        host_.info("connected to Docker engine " + version + " at " + client_.address().text());
        if (active_) host_.publish("docker.engine", EngineState{true, version, {}});
    }
    {
        const std::scoped_lock lock(pendingMutex_);
        std::erase_if(stopSignals_, [&](const auto& each) { return !ids.contains(each.first); });
    }
    const Inspected inspected = inspect(ids);
    apply([&] { cache_.setPids(pidsOf(inspected)); });
}

std::set<std::string> EngineKeeper::listIds(const std::set<std::string>& ids) {
    EngineRequest request = ask({"containers", "json"}, kListLimit);
    const std::map<std::string, std::vector<std::string>> filters{{"id", {ids.begin(), ids.end()}}};
    request.query = {{"all", "1"}, {"filters", talome::toJson(filters)}};
    std::vector<ContainerRecord> records;
    std::set<std::string> running;
    for (const auto& listed : client_.get<std::vector<engine::ListedContainer>>(request)) {
        records.push_back(containerRecord(listed));
        if (records.back().running()) running.insert(listed.Id);
    }
    apply([&] { cache_.update(ids, std::move(records)); });
    return running;
}

// The list comes first, for it waits for nothing. An inspection waits for the container's lock, which the engine holds
// for a while when a container ends; but it also holds it when it announces a pause or a new name that its list does
// not show yet. So those are inspected, and listed once more if the list was too early; and those that run, for their
// pid.
void EngineKeeper::listSome(const Changed& changed) {
    std::set<std::string> ids, doubtful;
    for (const auto& [id, early] : changed) {
        ids.insert(id);
        if (early) doubtful.insert(id);
    }
    doubtful.merge(listIds(ids));
    if (doubtful.empty()) return;
    const Inspected inspected = inspect(doubtful);
    std::set<std::string> again;
    const SnapshotPtr snapshot = cache_.snapshot();
    for (const auto& [id, found] : inspected) {
        const RecordPtr shown = snapshot->find(id);
        const bool same = shown && shown->shown.status == containerStatus(found.State_.Status) &&
                          found.Name == "/" + shown->shown.name;
        if (!same) again.insert(id);
    }
    if (!again.empty()) listIds(again);
    apply([&] { cache_.setPids(pidsOf(inspected)); });
}

EngineKeeper::Inspected EngineKeeper::inspect(const std::set<std::string>& ids) {
    const auto enough = std::chrono::steady_clock::now() + kInspectAllLimit;
    Inspected inspected;
    for (const std::string& id : ids) {
        if (std::chrono::steady_clock::now() > enough) break;
        try {
            auto& found = inspected[id] = client_.get<engine::InspectedState>(ask({"containers", id, "json"}, kInspectLimit));
            if (const auto& name = found.Config_.StopSignal)
                if (const auto signal = signalNumber(*name)) {
                    const std::scoped_lock lock(pendingMutex_);
                    stopSignals_[id] = *signal;
                }
        } catch (const NotFound&) { // removed, which its event or the list tells
        } catch (const Timeout&) {
            host_.warn("the Docker engine does not answer about container " + id.substr(0, 12));
        } catch (const Unavailable&) {
            throw;
        } catch (const Cancelled&) {
            throw;
        } catch (const Error& error) { // one that the engine cannot read does not keep the others from view
            host_.warn("container " + id.substr(0, 12) + " cannot be inspected: " + error.what());
        }
    }
    return inspected;
}

} // namespace talome::docker

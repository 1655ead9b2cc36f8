// Keeps the container cache true: connects to the engine's event stream first, then lists, then looks again at each
// container that an event names. While the stream is broken the cache says so, and answers nothing old.
//
// connect() and refresh() run as tasks (workers), the stream's callbacks on the strand, lookAt() on any worker.
#pragma once

#include "containers/container_cache.hpp"
#include "engine/engine_client.hpp"
#include "engine/engine_event.hpp"
#include "engine/event_stream.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>

namespace talome::docker {

inline constexpr const char* kConnectTask = "docker.connect";
inline constexpr const char* kRefreshTask = "docker.refresh";

// The topic docker.engine.
struct EngineState {
    bool up = false;
    std::optional<std::string> version, error;
};
BOOST_DESCRIBE_STRUCT(EngineState, (), (up, version, error))

class EngineKeeper {
public:
    EngineKeeper(Host host, EngineClient& client, ContainerCache& cache)
        : host_(host), client_(client), cache_(cache) {}

    // Is called with each event that is published, on a worker. Before start(), once.
    using Heard = std::function<void(const Announcement&)>;
    void onAnnouncement(Heard heard) { heard_ = std::move(heard); }

    void open();     // in start(): the first connection, so that the first request finds a list
    void activate(); // from now on events are published, and a broken connection is made again
    void close();    // in quiesce() and stop()

    void connectTask(); // connects if need be, else asks whether the engine still answers; wakes itself
    void refreshTask(); // looks again at what events have named, then publishes them

    // By id, start of an id, or name, as Snapshot::resolve() does it. One that is not in the cache is asked for, since
    // it may have been made a moment ago.
    RecordPtr resolve(const std::string& ref);
    // As resolve(), of one that runs, paused or not; else throws Conflict. The engine is asked before that is said: it
    // may have been started a moment ago.
    RecordPtr resolveRunning(const std::string& ref);

    // Looks at one container now, so that whoever reads the cache next sees what an action has done.
    void lookAt(const std::string& id);

private:
    using Changed = std::map<std::string, bool>; // by whole id; true: announced before the list shows it
    using Inspected = std::map<std::string, engine::InspectedState>;
    struct Pending {
        Changed changed;
        std::deque<Announcement> announcements;
    };

    bool connect(std::chrono::milliseconds limit);
    bool openStream(const EngineVersion&, std::chrono::milliseconds limit);
    std::shared_ptr<EventStream> makeStream(const std::string& api, const EngineRequest&,
                                            std::chrono::milliseconds limit) const;
    void onLine(std::string_view line);
    void onEnd(const std::string& why);
    void breakOff(const std::string& why);
    void down(const std::string& why);
    bool streaming();
    void wake(const char* task, std::chrono::milliseconds delay = {}) const;
    EngineRequest ask(std::vector<std::string> path, std::chrono::milliseconds limit) const;

    // With askMutex_ held.
    void listAll(const std::string& version);
    void listSome(const Changed& changed);
    std::set<std::string> listIds(const std::set<std::string>& ids); // gives those that run
    Inspected inspect(const std::set<std::string>& ids);
    template <class Change> void apply(const Change& change);

    const Host host_;
    EngineClient& client_;
    ContainerCache& cache_;

    // Taken in this order. Of the last three, none is held while a stream is destroyed.
    std::mutex connectMutex_; // one connect() at a time
    std::mutex askMutex_;     // asks the engine and applies the answer, one at a time: the later answer is the newer
    std::mutex stateMutex_;   // the three below, and every change of the cache
    std::shared_ptr<EventStream> stream_;
    bool streaming_ = false;
    bool up_ = false;
    std::mutex pendingMutex_;
    std::map<std::string, int> stopSignals_; // by whole id, of those whose image wants another than SIGTERM
    Pending pending_;

    Heard heard_;
    std::atomic<bool> active_{false}, closing_{false};
    std::chrono::milliseconds backoff_{0};
    // Of whoever feeds the stream's lines: connect() first, then the strand.
    EventTranslator translator_;
    std::int64_t lastEventNano_ = 0; // the newest event that was heard
    std::int64_t announcedUpTo_ = 0; // events up to this time were told in an earlier connection
};

} // namespace talome::docker

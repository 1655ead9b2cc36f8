// Finds the plugins, decides which run, leads them through their lives, and publishes what can be called.
#pragma once

#include "host/plugins/queue_thread.hpp"
#include "host/plugins/routing.hpp"
#include "host/plugins/slot.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace talome::plugins {

class DirectoryWatch;

struct ManagerOptions {
    std::vector<std::filesystem::path> directories;
    Code::Origin origin = Code::Origin::built;
    /// Whether a plugin that has never been seen is wanted; the answer is remembered.
    std::function<bool(const std::string& id)> wantedAtFirst;
    bool replaceNewFiles = false; ///< a new file of an active plugin is swapped in at once, else offered
    std::chrono::milliseconds lifecycleLimit{10'000}; ///< for each of a plugin's functions
    std::chrono::milliseconds drainLimit{30'000};     ///< then the calls of an old generation are cancelled
};

/// Everything happens on the manager's own thread, one thing after the other; the others wait for it.
class Manager {
public:
    Manager(Services, storage::Database& host, ManagerOptions);
    ~Manager();

    /// The host's own operations, which are there before any plugin's and win over them.
    void setHost(const talome_self& self);
    /// Discovers, checks and starts all that is enabled, and publishes the routes. What fails is noted, and the rest
    /// goes on. From then on new files are noticed.
    void startAll();
    /// In the opposite order. No call may come any more.
    void stopAll();

    // Any thread but the manager's.
    std::vector<PluginInfo> list() const;
    std::optional<PluginDetail> find(const std::string& id) const;

    // Any thread but the manager's; they return when it is done. Each may be repeated. They throw gate::Failure: 404,
    // and 409 with the reason when it cannot be; what ran goes on running then.
    PluginDetail enable(const std::string& id);
    PluginDetail disable(const std::string& id);
    /// The file as it is now takes the place of what runs; also the same one, which then begins anew.
    PluginDetail replace(const std::string& id);

private:
    /// What can be shown of one, and read without the manager's thread.
    struct Shown {
        PluginDetail detail;
        std::shared_ptr<gate::Bulkhead> bulkhead;
        std::shared_ptr<gate::Drain> drain;
        const void* owner = nullptr; ///< of its open streams
        std::filesystem::path database;
    };

    void onThread(const std::function<void()>& what); ///< waits for it, and throws what it throws

    // All of these on the manager's thread.
    PluginDetail onThread(const std::string& id, const std::function<void(Slot&)>& what);
    void discover();
    void rescan();
    bool wanted(const std::string& id);
    void remember(const Slot&);
    std::vector<Generation*> runningOnes(const Slot* without = nullptr) const;
    void publish();
    void note();

    void startWhatCan();
    bool start(Slot&);
    std::unique_ptr<Generation> begin(Slot&, std::shared_ptr<Code>);
    void openDatabase(Slot&, Generation&);
    void declareSettings(const Generation&) const;
    void serve(Slot&, std::unique_ptr<Generation>);
    void stop(Slot&, State, const std::string& reason);
    void stopWithDependents(Slot&, State, const std::string& reason);
    void leave(Slot&, std::unique_ptr<Generation>);
    void finishLeaving(const std::string& id, const Generation*);
    void fail(Slot&, State, const std::string& why);

    // replacing.cpp
    void replaceRunning(Slot&);
    void replaceBeside(Slot&, std::shared_ptr<Code>);
    void replaceExclusively(Slot&, std::shared_ptr<Code>);
    bool isExclusive(const Slot&, const manifest::Manifest&) const;
    void requireDependents(const Slot&, const std::vector<Generation*>& then) const;

    Services services_;
    storage::Database& database_;
    const ManagerOptions options_;
    LifecycleThread lifecycle_;
    Generation::Endpoints hostEndpoints_;
    gate::Flags hostFlags_;
    std::vector<std::unique_ptr<Slot>> slots_;
    bool published_ = false; ///< what runs is what can be called
    bool stopping_ = false;
    std::shared_ptr<const gate::Snapshot> snapshot_;
    std::unique_ptr<DirectoryWatch> watch_;
    mutable std::mutex mutex_; ///< of what follows
    std::vector<Shown> shown_;
    std::unique_ptr<QueueThread> queue_; ///< last: it ends before what it works on
};

} // namespace talome::plugins

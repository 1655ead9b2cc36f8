// All containers of the engine in memory, as one immutable snapshot that is swapped whole: a reader copies a pointer,
// and never waits for whoever asks the engine. The keeper (engine_keeper.hpp) is the one writer.
#pragma once

#include "containers/container_types.hpp"
#include "engine/engine_types.hpp"

#include <memory>
#include <mutex>
#include <set>

namespace talome::docker {

struct ContainerRecord {
    std::string id; // 64 hexadecimal digits
    Container shown;
    std::string json;       // of `shown`, without the last brace
    bool ownNetwork = true; // has counters of its own: not the host's network, another container's, or none
    std::int64_t pid = 0;   // 0: not running, or not known yet

    bool running() const { return shown.status == ContainerStatus::running || shown.status == ContainerStatus::paused; }
};
using RecordPtr = std::shared_ptr<const ContainerRecord>;

struct Snapshot {
    std::string problem;               // why there is no list; empty: it is true
    std::string version;               // of the engine
    std::vector<RecordPtr> containers; // newest first, then by name

    // By its whole id, its name, or the start of its id, in this order, as the engine does it. Throws Unavailable,
    // NotFound, or Conflict with the names of all that fit.
    RecordPtr resolve(std::string_view ref) const;
    RecordPtr find(std::string_view fullId) const; // null: no such container
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

using Pids = std::map<std::string, std::int64_t>; // of the first process, by whole id

ContainerStatus containerStatus(std::string_view engineState);
ContainerRecord containerRecord(const engine::ListedContainer&);

class ContainerCache {
public:
    explicit ContainerCache(std::string problem) { down(std::move(problem)); }

    SnapshotPtr snapshot() const;     // whatever it is
    SnapshotPtr trueSnapshot() const; // throws Unavailable if the engine cannot be asked

    // Everything the engine has.
    void replace(std::vector<ContainerRecord>, std::string version);
    // What the engine answered about `asked`: those that are not among `found` are gone. Nothing while it is down.
    void update(const std::set<std::string>& asked, std::vector<ContainerRecord> found);
    // What only an inspection tells. Nothing for those that do not run.
    void setPids(const Pids&);
    void down(std::string problem);

private:
    void publish(Snapshot);

    mutable std::mutex mutex_; // held only while the pointer is copied
    SnapshotPtr snapshot_;
};

} // namespace talome::docker

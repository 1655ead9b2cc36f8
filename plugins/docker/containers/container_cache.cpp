// Each writer makes a new snapshot that shares the records it did not touch.
#include "containers/container_cache.hpp"

#include "engine/time_spec.hpp"

#include <talome/errors.hpp>

#include <algorithm>

namespace talome::docker {

namespace {

// "/web"; an alias of a link has a second slash: "/web/db".
std::string nameOf(const engine::ListedContainer& from) {
    for (const std::string& name : from.Names.value_or(std::vector<std::string>{})) {
        if (name.starts_with('/') && name.find('/', 1) == std::string::npos) return name.substr(1);
    }
    return from.Id.substr(0, 12);
}

// Published ones only, each once: the engine lists a port for IPv4 and again for IPv6.
std::vector<Port> portsOf(const engine::ListedContainer& from) {
    std::vector<Port> ports;
    for (const auto& port : from.Ports.value_or(std::vector<engine::ListedPort>{})) {
        if (port.PublicPort.value_or(0) > 0) ports.push_back({*port.PublicPort, port.PrivatePort, port.Type});
    }
    std::sort(ports.begin(), ports.end());
    ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
    return ports;
}

// A port that is bound to this machine's loopback is nobody else's to open.
std::vector<ReachablePort> reachable(const engine::ListedContainer& from) {
    std::vector<ReachablePort> ports;
    for (const auto& port : from.Ports.value_or(std::vector<engine::ListedPort>{})) {
        const std::string address = port.IP.value_or("");
        if (port.PublicPort.value_or(0) > 0 && port.Type == "tcp" && !address.starts_with("127.") && address != "::1")
            ports.push_back({*port.PublicPort, port.PrivatePort});
    }
    return ports;
}

bool hasOwnNetwork(const engine::ListedContainer& from) {
    const std::string mode = from.HostConfig ? from.HostConfig->NetworkMode.value_or("") : "";
    return mode != "host" && mode != "none" && !mode.starts_with("container:");
}

void render(ContainerRecord& record) {
    record.json.clear();
    talome::write(record.json, record.shown);
    record.json.pop_back();
}

bool newerFirst(const RecordPtr& a, const RecordPtr& b) {
    return std::tie(b->shown.created, a->shown.name) < std::tie(a->shown.created, b->shown.name);
}

} // namespace

ContainerStatus containerStatus(std::string_view engineState) {
    if (engineState == "running") return ContainerStatus::running;
    if (engineState == "exited") return ContainerStatus::exited;
    if (engineState == "paused") return ContainerStatus::paused;
    if (engineState == "restarting") return ContainerStatus::restarting;
    if (engineState == "created") return ContainerStatus::created;
    return ContainerStatus::stopped;
}

ContainerRecord containerRecord(const engine::ListedContainer& from) {
    ContainerRecord record;
    record.id = from.Id;
    record.shown.id = from.Id.substr(0, 12);
    record.shown.name = nameOf(from);
    record.shown.image = from.Image;
    record.shown.status = containerStatus(from.State);
    record.shown.ports = portsOf(from);
    record.shown.created = isoTime(from.Created);
    record.shown.labels = from.Labels_.value_or(std::map<std::string, std::string>{});
    record.shown.compose = composeLabels(record.shown.labels);
    record.shown.homepage = homepageLabels(record.shown.labels);
    record.shown.watchtower = watchtowerLabels(record.shown.labels);
    record.shown.open = openAddress(record.shown.labels, reachable(from));
    record.ownNetwork = hasOwnNetwork(from);
    render(record);
    return record;
}

RecordPtr Snapshot::find(std::string_view fullId) const {
    for (const RecordPtr& record : containers) {
        if (record->id == fullId) return record;
    }
    return nullptr;
}

RecordPtr Snapshot::resolve(std::string_view ref) const {
    if (!problem.empty()) throw Unavailable(problem);
    if (RecordPtr record = find(ref)) return record;
    std::vector<RecordPtr> matches;
    for (const RecordPtr& record : containers) {
        if (record->shown.name == ref) return record;
        if (record->id.starts_with(ref)) matches.push_back(record);
    }
    if (matches.size() == 1) return matches.front();
    if (matches.empty()) throw NotFound("there is no container \"" + std::string(ref) + "\"");
    std::string names;
    for (const RecordPtr& record : matches) names += (names.empty() ? "" : ", ") + record->shown.name;
    throw Conflict("\"" + std::string(ref) + "\" is the start of the ids of several containers: " + names);
}

SnapshotPtr ContainerCache::snapshot() const {
    const std::scoped_lock lock(mutex_);
    return snapshot_;
}

SnapshotPtr ContainerCache::trueSnapshot() const {
    SnapshotPtr now = snapshot();
    if (!now->problem.empty()) throw Unavailable(now->problem);
    return now;
}

void ContainerCache::replace(std::vector<ContainerRecord> records, std::string version) {
    const SnapshotPtr before = snapshot();
    Snapshot next{"", std::move(version), {}};
    for (ContainerRecord& record : records) {
        if (const RecordPtr old = before->find(record.id); old && record.running()) record.pid = old->pid;
        next.containers.push_back(std::make_shared<const ContainerRecord>(std::move(record)));
    }
    publish(std::move(next));
}

void ContainerCache::update(const std::set<std::string>& asked, std::vector<ContainerRecord> found) {
    const SnapshotPtr before = snapshot();
    if (!before->problem.empty()) return;
    Snapshot next{"", before->version, {}};
    for (const RecordPtr& record : before->containers) {
        if (!asked.contains(record->id)) next.containers.push_back(record);
    }
    for (ContainerRecord& record : found) {
        if (const RecordPtr old = before->find(record.id); old && record.running()) record.pid = old->pid;
        next.containers.push_back(std::make_shared<const ContainerRecord>(std::move(record)));
    }
    publish(std::move(next));
}

void ContainerCache::setPids(const Pids& pids) {
    Snapshot next = *snapshot();
    bool any = false;
    for (RecordPtr& record : next.containers) {
        const auto found = pids.find(record->id);
        if (found == pids.end() || found->second == record->pid || !record->running()) continue;
        ContainerRecord changed = *record;
        changed.pid = found->second;
        record = std::make_shared<const ContainerRecord>(std::move(changed));
        any = true;
    }
    if (any) publish(std::move(next));
}

void ContainerCache::down(std::string problem) { publish({std::move(problem), "", {}}); }

void ContainerCache::publish(Snapshot next) {
    std::sort(next.containers.begin(), next.containers.end(), newerFirst);
    auto pointer = std::make_shared<const Snapshot>(std::move(next));
    const std::scoped_lock lock(mutex_);
    snapshot_.swap(pointer);
}

} // namespace talome::docker

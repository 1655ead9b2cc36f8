// Snapshots of the host's whole state: /api/snapshots. Restoring is talomectl's, while the server is stopped.
#include "host/api/snapshots.hpp"

namespace talome::api {

namespace {

SnapshotOutput shown(const storage::Snapshot& snapshot) {
    SnapshotOutput output;
    output.name = snapshot.name;
    if (!snapshot.damaged.empty()) {
        output.damaged.value = snapshot.damaged;
        return output;
    }
    output.createdAt.value = snapshot.manifest.createdAt;
    output.reason.value = snapshot.manifest.reason;
    output.version.value = snapshot.manifest.version;
    output.secret = snapshot.manifest.secret;
    output.files = snapshot.manifest.files;
    for (const auto& file : output.files) output.size += file.size;
    return output;
}

} // namespace

Snapshots::Snapshots(Registry& registry, storage::Snapshots& snapshots) : snapshots_(snapshots) {
    registry
        .operation("snapshots.list", "Snapshots of all databases and the secret, the newest first", admin, Tier::read,
                   this, &Snapshots::list)
        .route("GET", "/api/snapshots")
        .tool("list_snapshots");
    registry
        .operation("snapshots.create",
                   "Make a snapshot of all databases and the secret; the oldest beyond seven made this way goes", admin,
                   Tier::modify, this, &Snapshots::create)
        .route("POST", "/api/snapshots", 201)
        .tool("create_snapshot");
}

std::vector<SnapshotOutput> Snapshots::list() const {
    std::vector<SnapshotOutput> all;
    for (const auto& each : snapshots_.list()) all.push_back(shown(each));
    return all;
}

SnapshotOutput Snapshots::create() { return shown(snapshots_.create("manual")); }

} // namespace talome::api

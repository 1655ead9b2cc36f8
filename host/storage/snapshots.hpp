// Snapshots of the whole state: every database, the secret, and a manifest, as one set in one folder. A folder counts
// only once it is whole: it is made under another name, checked, synced and then renamed.
#pragma once

#include "host/storage/snapshot_manifest.hpp"

#include <chrono>
#include <functional>
#include <mutex>

namespace talome::storage {

/// Where the state lies. The databases are the *.db beside host.db.
struct Places {
    std::filesystem::path stateDir; ///< talomed.lock, snapshots/
    std::filesystem::path database; ///< host.db; beside it the others, and talome.secret

    std::filesystem::path snapshots() const { return stateDir / "snapshots"; }
    std::filesystem::path databases() const { return database.parent_path(); }
};

/// `2026-03-01T12-00-00Z`, with `-2` and so on after it where several were made within a second.
bool isSnapshotName(std::string_view name);

struct Snapshot {
    std::string name;
    SnapshotManifest manifest;
    std::string damaged; ///< why its manifest cannot be used; empty: it can

    std::int64_t madeAtMs() const; ///< since the epoch, from its name
};

/// Any thread; one snapshot is made at a time. Each database is whole by itself; they are taken one after the other,
/// host.db first, so that what it says of plugins is never younger than their data.
class Snapshots {
public:
    using Now = std::function<std::int64_t()>; ///< milliseconds since the epoch
    static constexpr std::size_t kKept = 7;    ///< of the daily ones, and as many of the others

    /// `withSecret`: talome.secret belongs to the state (the server does not have it from its environment).
    Snapshots(Places, bool withSecret, Now);

    /// Then removes the oldest of those that are more than kKept. Throws std::runtime_error; nothing is left of it
    /// then.
    Snapshot create(const std::string& reason);
    /// The newest first. Manifests are read, files are not checked: restore() does that.
    std::vector<Snapshot> list() const;

private:
    std::vector<std::filesystem::path> databaseFiles() const;
    SnapshotManifest fill(const std::filesystem::path& folder, const std::string& reason, std::int64_t at) const;
    std::string publish(const std::filesystem::path& folder, std::int64_t at) const;
    void removeLeftovers() const;
    void removeOld(std::int64_t at) const;

    const Places places_;
    const bool withSecret_;
    const Now now_;
    std::mutex making_;
};

} // namespace talome::storage

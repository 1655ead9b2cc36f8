// Puts a snapshot in the place of the state: offline, all of it or nothing, whenever the power goes.
#include "host/storage/restore.hpp"

#include "host/log/log.hpp"
#include "host/storage/durable_file.hpp"
#include "host/storage/host_schema.hpp"
#include "host/storage/state_lock.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <sys/stat.h>
#include <system_error>
#include <talome/json.hpp>

namespace talome::storage {

/// What restore.pending says of itself, in plan.json. The new files lie in restore.pending/new.
struct RestorePlan {
    std::vector<std::string> files; ///< that have a place in the state when it is done
    std::string replaced;           ///< name of the folder for the old ones
};
BOOST_DESCRIBE_STRUCT(RestorePlan, (), (files, replaced))

namespace {

constexpr std::size_t kLongestPlan = 1024 * 1024;

std::filesystem::path staging(const Places& places) { return places.databases() / "restore.tmp"; }
std::filesystem::path pending(const Places& places) { return places.databases() / "restore.pending"; }

void makeFolder(const Places& places, const std::filesystem::path& folder) {
    if (::mkdir(folder.c_str(), 0700) < 0 && errno != EEXIST)
        throw std::system_error(errno, std::generic_category(), folder.string());
    giveToOwnerOf(places.databases(), folder);
}

std::filesystem::path locate(const Places& places, const std::string& snapshot) {
    if (snapshot.find('/') == std::string::npos) {
        if (!isSnapshotName(snapshot))
            throw std::runtime_error("'" + snapshot + "' is not the name of a snapshot; a path has a '/'");
        if (!std::filesystem::is_directory(places.snapshots() / snapshot))
            throw std::runtime_error("there is no snapshot " + snapshot + " in " + places.snapshots().string());
        return places.snapshots() / snapshot;
    }
    auto folder = std::filesystem::absolute(snapshot).lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path(); // of a '/' at the end
    if (!std::filesystem::is_directory(folder)) throw std::runtime_error(folder.string() + ": is not a folder");
    return folder;
}

/// A file and what SQLite keeps beside it.
std::vector<std::string> withCompanions(const std::string& name) {
    if (name == kSecretFile) return {name};
    return {name, name + "-wal", name + "-shm", name + "-journal"};
}

/// Does nothing if it is not there.
void putAside(const Places& places, const std::filesystem::path& replaced, const std::string& name) {
    const auto from = places.databases() / name;
    if (::rename(from.c_str(), (replaced / name).c_str()) < 0 && errno != ENOENT)
        throw std::system_error(errno, std::generic_category(), from.string());
}

/// Names of the databases, also of those of which only a -wal is left.
std::vector<std::string> present(const Places& places) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(places.databases())) {
        auto name = entry.path().filename().string();
        for (const std::string_view tail : {"-wal", "-shm", "-journal"})
            if (name.ends_with(tail)) name.resize(name.size() - tail.size());
        if (name.ends_with(".db") && !entry.is_directory()) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

/// From here on the restore counts. Each step finds out by itself whether it was done: a file that is still in `new`
/// has not come to its place, so whatever lies there is old.
std::filesystem::path carryOut(const Places& places) {
    const auto from = pending(places);
    const auto plan = readText<RestorePlan>(readSmall(from / "plan.json", kLongestPlan));
    makeFolder(places, places.databases() / "replaced");
    const auto replaced = places.databases() / "replaced" / plan.replaced;
    makeFolder(places, replaced);
    for (const auto& name : present(places))
        if (std::find(plan.files.begin(), plan.files.end(), name) == plan.files.end())
            for (const auto& each : withCompanions(name)) putAside(places, replaced, each);
    std::vector<std::string> missing;
    for (const auto& name : plan.files)
        if (std::filesystem::exists(from / "new" / name)) missing.push_back(name);
    for (const auto& name : missing)
        for (const auto& each : withCompanions(name)) putAside(places, replaced, each);
    // Before a new file comes: an old -wal that came back beside it would be taken for its own.
    syncFolder(replaced);
    syncFolder(replaced.parent_path());
    syncFolder(places.databases());
    for (const auto& name : missing) std::filesystem::rename(from / "new" / name, places.databases() / name);
    // Before the plan goes: nobody would look for a new file that is not in its place.
    syncFolder(from / "new");
    syncFolder(places.databases());
    std::filesystem::rename(from, staging(places));
    std::filesystem::remove_all(staging(places));
    syncFolder(places.databases());
    return std::filesystem::is_empty(replaced) ? std::filesystem::path() : replaced;
}

/// Copies, and checks the copies: the disk that they come from may be a bad one.
RestorePlan stage(const Places& places, const std::filesystem::path& snapshot, const SnapshotManifest& manifest,
                  const std::string& replaced) {
    const auto folder = staging(places);
    std::filesystem::remove_all(folder);
    makeFolder(places, folder);
    makeFolder(places, folder / "new");
    RestorePlan plan{{}, replaced};
    for (const auto& file : manifest.files) {
        const auto name = file.name == manifest.hostFile ? places.database.filename().string() : file.name;
        const auto to = folder / "new" / name;
        if (copyDurably(snapshot / file.name, to) != file.sha256)
            throw SnapshotDamaged(file.name + ": is not what was written then");
        giveToOwnerOf(places.databases(), to);
        plan.files.push_back(name);
    }
    writeDurably(folder / "plan.json", toJson(plan));
    syncFolder(folder / "new");
    syncFolder(folder);
    return plan;
}

void refuseNewer(const SnapshotManifest& manifest) {
    for (const auto& file : manifest.files)
        if (file.name == manifest.hostFile &&
            file.schemaVersion.value_or(0) > static_cast<std::int64_t>(hostMigrations().size()))
            throw std::runtime_error("the snapshot is of talome " + manifest.version +
                                     ", whose data this program does not know; install the newer program first");
}

/// Not one that is there already.
std::string freeName(const Places& places) {
    using namespace std::chrono;
    auto base = log::timestamp(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
    std::replace(base.begin(), base.end(), ':', '-');
    auto name = base;
    for (int number = 2; std::filesystem::exists(places.databases() / "replaced" / name); ++number)
        name = base + "-" + std::to_string(number);
    return name;
}

} // namespace

Restored restore(const Places& places, const std::string& snapshot) {
    const auto folder = locate(places, snapshot);
    std::filesystem::create_directories(places.stateDir);
    std::filesystem::create_directories(places.databases());
    const StateLock lock(places.stateDir);
    finishRestore(places);
    const auto manifest = readManifest(folder);
    checkSnapshot(folder, manifest);
    refuseNewer(manifest);
    RestorePlan plan;
    try {
        plan = stage(places, folder, manifest, freeName(places));
    } catch (...) {
        std::error_code ignored; // the next one removes what is left
        std::filesystem::remove_all(staging(places), ignored);
        throw;
    }
    std::filesystem::rename(staging(places), pending(places));
    syncFolder(places.databases());
    return {folder.filename().string(), manifest.createdAt, plan.files, carryOut(places), manifest.secret};
}

bool finishRestore(const Places& places) {
    std::filesystem::remove_all(staging(places));
    if (!std::filesystem::exists(pending(places))) return false;
    syncFolder(places.databases());
    carryOut(places);
    return true;
}

} // namespace talome::storage

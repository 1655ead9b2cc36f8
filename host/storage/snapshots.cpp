// Snapshots of the whole state: every database, the secret, and a manifest, as one set in one folder.
#include "host/storage/snapshots.hpp"

#include "host/log/log.hpp"
#include "host/storage/durable_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <map>
#include <memory>
#include <sqlite3.h>
#include <sys/stat.h>
#include <system_error>
#include <talome/json.hpp>
#include <tuple>

namespace talome::storage {

namespace {

constexpr const char* kMaking = ".making";     // begins what is not a snapshot yet …
constexpr const char* kRemoving = ".removing"; // … or is not one any more

struct Close {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close(handle); }
};

/// VACUUM INTO reads one state of the database, whoever writes meanwhile.
void copyDatabase(const std::filesystem::path& from, const std::filesystem::path& to) {
    sqlite3* raw = nullptr;
    int code = sqlite3_open_v2(from.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    const std::unique_ptr<sqlite3, Close> handle(raw);
    sqlite3_stmt* statement = nullptr;
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(raw, 30'000);
        code = sqlite3_prepare_v2(raw, "VACUUM INTO ?", -1, &statement, nullptr);
    }
    if (code == SQLITE_OK) code = sqlite3_bind_text(statement, 1, to.c_str(), -1, SQLITE_STATIC);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    if (code != SQLITE_DONE)
        throw std::runtime_error(from.filename().string() + ": " + (raw ? sqlite3_errmsg(raw) : sqlite3_errstr(code)));
}

std::string nameOf(std::int64_t at) {
    auto name = log::timestamp(at).substr(0, 19);
    std::replace(name.begin(), name.end(), ':', '-');
    return name + "Z";
}

SnapshotFile described(const std::filesystem::path& file) {
    return {file.filename().string(), static_cast<std::int64_t>(std::filesystem::file_size(file)), digestOf(file),
            file.filename() == kSecretFile ? std::nullopt : schemaVersionOf(file)};
}

} // namespace

bool isSnapshotName(std::string_view name) {
    constexpr std::string_view shape = "dddd-dd-ddTdd-dd-ddZ";
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (name.size() < shape.size()) return false;
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (shape[i] == 'd' ? !digit(name[i]) : name[i] != shape[i]) return false;
    name.remove_prefix(shape.size());
    return name.empty() ||
           (name.size() > 1 && name.size() <= 4 && name[0] == '-' && std::all_of(name.begin() + 1, name.end(), digit));
}

std::int64_t Snapshot::madeAtMs() const {
    const auto part = [this](std::size_t at, std::size_t n) { return std::stoi(name.substr(at, n)); };
    using namespace std::chrono;
    const sys_days day = year{part(0, 4)} / part(5, 2) / part(8, 2);
    return duration_cast<milliseconds>(
               (day + hours(part(11, 2)) + minutes(part(14, 2)) + seconds(part(17, 2))).time_since_epoch())
        .count();
}

Snapshots::Snapshots(Places places, bool withSecret, Now now)
    : places_(std::move(places)), withSecret_(withSecret), now_(std::move(now)) {}

std::vector<std::filesystem::path> Snapshots::databaseFiles() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(places_.databases()))
        if (entry.path() != places_.database && entry.path().extension() == ".db" && entry.is_regular_file())
            files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    files.insert(files.begin(), places_.database);
    return files;
}

Snapshot Snapshots::create(const std::string& reason) {
    const std::lock_guard lock(making_);
    if (::mkdir(places_.snapshots().c_str(), 0700) == 0)
        syncFolder(places_.stateDir);
    else if (errno != EEXIST)
        throw std::system_error(errno, std::generic_category(), places_.snapshots().string());
    removeLeftovers();
    const auto at = now_();
    const auto folder = places_.snapshots() / (kMaking + ("-" + nameOf(at)));
    if (::mkdir(folder.c_str(), 0700) < 0) throw std::system_error(errno, std::generic_category(), folder.string());
    Snapshot made;
    try {
        made.manifest = fill(folder, reason, at);
        made.name = publish(folder, at);
    } catch (...) {
        std::error_code ignored; // what is left is removed before the next one is made
        std::filesystem::remove_all(folder, ignored);
        throw;
    }
    removeOld(at);
    return made;
}

SnapshotManifest Snapshots::fill(const std::filesystem::path& folder, const std::string& reason,
                                 std::int64_t at) const {
    SnapshotManifest manifest;
    manifest.createdAt = log::timestamp(at);
    manifest.reason = reason;
    manifest.version = TALOME_VERSION;
    manifest.hostFile = places_.database.filename().string();
    for (const auto& file : databaseFiles()) {
        const auto copy = folder / file.filename();
        copyDatabase(file, copy);
        std::filesystem::permissions(copy, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        syncFile(copy);
        checkIntegrity(copy);
        manifest.files.push_back(described(copy));
    }
    if (withSecret_) {
        copyDurably(places_.databases() / kSecretFile, folder / kSecretFile);
        manifest.files.push_back(described(folder / kSecretFile));
        manifest.secret = true;
    }
    writeDurably(folder / kManifestFile, toJson(manifest) + "\n");
    syncFolder(folder);
    readManifest(folder); // what would be refused when it is needed must not count now
    return manifest;
}

/// From its rename on, it is a snapshot. A number is not used again while a later one is there: what is removed first
/// is the oldest by name.
std::string Snapshots::publish(const std::filesystem::path& folder, std::int64_t at) const {
    auto name = nameOf(at);
    for (const auto& each : list())
        if (each.name.starts_with(name)) {
            const auto number = each.name.size() > name.size() ? std::stoi(each.name.substr(name.size() + 1)) : 1;
            name += "-" + std::to_string(number + 1);
            break; // the newest is the first
        }
    if (!isSnapshotName(name)) throw std::runtime_error("too many snapshots within a second");
    const auto to = places_.snapshots() / name;
    if (::renameat2(AT_FDCWD, folder.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) < 0)
        throw std::system_error(errno, std::generic_category(), to.string());
    syncFolder(places_.snapshots());
    return name;
}

std::vector<Snapshot> Snapshots::list() const {
    std::vector<Snapshot> all;
    if (!std::filesystem::is_directory(places_.snapshots())) return all;
    for (const auto& entry : std::filesystem::directory_iterator(places_.snapshots())) {
        Snapshot snapshot{entry.path().filename().string(), {}, {}};
        if (!isSnapshotName(snapshot.name)) continue;
        try {
            snapshot.manifest = readManifest(entry.path());
        } catch (const SnapshotDamaged& wrong) {
            snapshot.damaged = wrong.what();
        }
        all.push_back(std::move(snapshot));
    }
    // Within a second, "-10" is younger than "-9".
    const auto age = [](const Snapshot& each) {
        return std::tuple(std::string_view(each.name).substr(0, 20), each.name.size(), std::string_view(each.name));
    };
    std::sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return age(a) > age(b); });
    return all;
}

void Snapshots::removeLeftovers() const {
    for (const auto& entry : std::filesystem::directory_iterator(places_.snapshots())) {
        const auto name = entry.path().filename().string();
        if (name.starts_with(kMaking) || name.starts_with(kRemoving)) std::filesystem::remove_all(entry.path());
    }
}

/// Damaged ones neither count nor go: a person decides about them. Those from the future, made while the clock was
/// wrong, go first.
void Snapshots::removeOld(std::int64_t at) const {
    auto all = list();
    std::stable_partition(all.begin(), all.end(), [at](const Snapshot& each) { return each.madeAtMs() <= at; });
    std::map<bool, std::size_t> kept;
    for (const auto& each : all) {
        if (!each.damaged.empty() || ++kept[each.manifest.reason == "daily"] <= kKept) continue;
        const auto leaving = places_.snapshots() / (kRemoving + ("-" + each.name));
        try {
            std::filesystem::rename(places_.snapshots() / each.name, leaving); // never a snapshot with files missing
            std::filesystem::remove_all(leaving);
        } catch (const std::filesystem::filesystem_error& error) {
            log::warn("host", std::string("an old snapshot could not be removed: ") + error.what());
        }
    }
}

} // namespace talome::storage

#include "storage/sizes.hpp"

#include "live/timestamp.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

namespace talome::system {

namespace {

constexpr std::size_t kMostApps = 500;

constexpr std::pair<std::string_view, std::string_view> kLabels[] = {
    {"/var/lib/docker", "Docker"},   {"/var/log", "Logs"},  {"/var/cache", "Caches"}, {"/home", "Home folders"},
    {"/srv", "Served files"},        {"/tmp", "Temporary files"}, {"/var/tmp", "Temporary files that stay"},
    {"/opt", "Added software"},      {"/usr", "The system's software"}};

std::string stateDirectory() {
    const char* named = std::getenv("TALOME_STATE_DIR");
    return named && *named ? named : "/var/lib/talome";
}

std::string labelOf(const std::string& path) {
    for (const auto& [known, label] : kLabels)
        if (path == known) return std::string(label);
    if (path == stateDirectory()) return "Talome";
    return path;
}

bool exists(const std::string& path) {
    struct stat about {};
    return ::lstat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
}

} // namespace

std::string Sizes::tables() {
    return "CREATE TABLE sizes (path TEXT PRIMARY KEY, bytes INTEGER NOT NULL, files INTEGER NOT NULL, "
           "unreadable INTEGER NOT NULL, cut INTEGER NOT NULL, measured_at INTEGER NOT NULL) WITHOUT ROWID;";
}

std::string Sizes::appData() const { return stateDirectory() + "/app-data"; }

std::vector<Sizes::Target> Sizes::targets() const {
    std::vector<Target> targets;
    auto paths = host_.setting<std::vector<std::string>>("storage_scan_paths");
    paths.push_back(stateDirectory());
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
    for (const std::string& path : paths) targets.push_back({path, labelOf(path)});
    return targets;
}

std::vector<FolderSize> Sizes::stored(const std::vector<Target>& targets) const {
    std::vector<FolderSize> rows;
    for (const Target& target : targets) {
        FolderSize row{target.path, target.label, {}, {}, exists(source_.root + target.path) ? "pending" : "absent", {}, {}};
        if (row.state == "absent") row.reason = "there is no such folder";
        host_.database().each("SELECT bytes, files, unreadable, cut, measured_at FROM sizes WHERE path = ?",
                              [&](const RowView& from) {
                                  const auto files = from.get<std::uint64_t>(1), unreadable = from.get<std::uint64_t>(2);
                                  row.state = unreadable || from.get<bool>(3) ? (files ? "incomplete" : "unreadable") : "measured";
                                  if (row.state != "unreadable") row.sizeBytes = from.get<std::uint64_t>(0), row.files = files;
                                  if (unreadable) row.reason = std::to_string(unreadable) + " folders could not be read";
                                  row.asOf = timestamp(from.get<std::int64_t>(4));
                              },
                              target.path);
        if (row.state == "pending") row.reason = "not measured yet: POST /api/storage/scan, or wait for the night";
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<FolderSize> Sizes::folders() const { return stored(targets()); }

std::vector<FolderSize> Sizes::apps() const {
    std::vector<Target> targets;
    for (const std::string& name : namesIn(source_.root + appData()))
        if (targets.size() < kMostApps) targets.push_back({appData() + "/" + name, name});
    return stored(targets);
}

bool Sizes::everMeasured() const { return host_.database().one<int>("SELECT 1 FROM sizes LIMIT 1").has_value(); }

ScanResult Sizes::scan(Call& call, JobRun& run) {
    const IdleReading idle;
    ScanResult result;
    auto all = targets();
    for (const std::string& name : namesIn(source_.root + appData()))
        if (all.size() < kMostApps) all.push_back({appData() + "/" + name, name});
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto share = [&] { return static_cast<double>(i) / static_cast<double>(all.size()); };
        run.progress({.fraction = share(), .phase = "measure", .message = all[i].path});
        const auto size = measureTree(source_.root + all[i].path, [&](std::uint64_t) { return !call.cancelled(); });
        if (call.cancelled()) throw Cancelled("the measuring was ended");
        if (!size) {
            host_.database().execute("DELETE FROM sizes WHERE path = ?", all[i].path);
            continue;
        }
        host_.database().execute("INSERT OR REPLACE INTO sizes VALUES (?, ?, ?, ?, ?, ?)", all[i].path, size->bytes,
                                 size->files, size->unreadable, size->cut, host_.nowMs());
        ++result.folders;
        result.bytes += size->bytes;
    }
    return result;
}

} // namespace talome::system

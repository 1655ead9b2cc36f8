#include "storage/sizes.hpp"

#include "live/timestamp.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>

namespace talome::system {

namespace {

constexpr std::string_view kAbsent = "there is no such folder";
constexpr std::size_t kMostApps = 500;
constexpr std::size_t kMostFolders = 5000;          // of a measured folder, the largest
constexpr std::uint64_t kLeastFolder = 1024 * 1024; // bytes; smaller ones are not kept

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

} // namespace

std::string Sizes::tables() {
    return "CREATE TABLE sizes (path TEXT PRIMARY KEY, bytes INTEGER NOT NULL, files INTEGER NOT NULL, "
           "unreadable INTEGER NOT NULL, cut INTEGER NOT NULL, measured_at INTEGER NOT NULL) WITHOUT ROWID;"
           "CREATE TABLE folder_sizes (path TEXT PRIMARY KEY, root TEXT NOT NULL, bytes INTEGER NOT NULL, "
           "files INTEGER NOT NULL) WITHOUT ROWID; CREATE INDEX folder_sizes_root ON folder_sizes (root);";
}
std::string Sizes::problemColumn() { return "ALTER TABLE sizes ADD COLUMN problem TEXT NOT NULL DEFAULT '';"; }

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
        FolderSize row{target.path, target.label, {}, {}, "pending", {}, {}};
        host_.database().each("SELECT bytes, files, unreadable, cut, measured_at, problem FROM sizes WHERE path = ?",
                              [&](const RowView& from) {
                                  if (const auto problem = from.get<std::string>(5); !problem.empty()) {
                                      row.state = problem == kAbsent ? "absent" : "unreadable";
                                      row.reason = problem;
                                      row.asOf = timestamp(from.get<std::int64_t>(4));
                                      return;
                                  }
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

std::optional<std::string> Sizes::named(const std::string& path) const {
    for (const Target& each : targets())
        if (path == each.path || path.starts_with(each.path + "/")) return each.path;
    return std::nullopt;
}

std::optional<std::int64_t> Sizes::measuredAt(const std::string& path) const {
    std::optional<std::int64_t> at;
    std::size_t longest = 0;
    for (const Target& each : targets()) {
        if (each.path.size() < longest || !(path == each.path || path.starts_with(each.path + "/"))) continue;
        const auto found = host_.database().one<std::int64_t>("SELECT measured_at FROM sizes WHERE path = ? AND problem = ''", each.path);
        if (found) longest = each.path.size(), at = found;
    }
    return at;
}

std::optional<FolderNode> Sizes::tree(const std::string& path, int depth) const {
    std::map<std::string, FolderNode> nodes; // by path, so that a folder comes before those in it
    const auto take = [&](const RowView& row) {
        FolderNode node{row.get<std::string>(0), {}, row.get<std::uint64_t>(1), row.get<std::uint64_t>(2), {}};
        node.name = node.path.substr(node.path.rfind('/') + 1);
        nodes.emplace(node.path, std::move(node));
    };
    const Database database = host_.database();
    database.each("SELECT path, bytes, files FROM sizes WHERE path = ? AND problem = ''", take, path);
    database.each("SELECT path, bytes, files FROM folder_sizes WHERE path = ?", take, path);
    if (nodes.empty()) return std::nullopt;
    database.each("SELECT path, bytes, files FROM folder_sizes WHERE path > ? AND path < ?", take, path + "/", path + "0");
    // From the deepest on, each goes into the one that holds it: what is below `depth` is left out.
    const auto level = [&](const std::string& of) { return std::count(of.begin() + static_cast<std::ptrdiff_t>(path.size()), of.end(), '/'); };
    for (auto it = std::prev(nodes.end()); it != nodes.begin(); --it) {
        const auto parent = nodes.find(it->first.substr(0, it->first.rfind('/')));
        std::sort(it->second.children.begin(), it->second.children.end(), [](const auto& a, const auto& b) { return a.sizeBytes > b.sizeBytes; });
        if (level(it->first) <= depth && parent != nodes.end()) parent->second.children.push_back(it->second);
    }
    FolderNode& root = nodes.begin()->second;
    std::sort(root.children.begin(), root.children.end(), [](const auto& a, const auto& b) { return a.sizeBytes > b.sizeBytes; });
    return std::move(root);
}

// From the mount table, which asks no file system for anything.
std::string Sizes::whyNotToOpen(const std::string& path) const {
    const auto table = readFile(source_.mountTable(), 8 << 20);
    if (!table) return {};
    const auto states = sampler_.knownMounts();
    for (const Mount& each : mountsOver(*table, path)) {
        if (each.suspect) return each.path + " is of another machine or a program (" + each.fstype + "), and may not answer";
        for (const MountState& state : states)
            if (state.unresponsive && state.mount.device == each.device) return each.path + " does not answer";
    }
    return {};
}

void Sizes::noteProblem(const Target& target, std::string_view problem) {
    host_.database().transaction([&](Transaction& transaction) {
        transaction.execute("DELETE FROM folder_sizes WHERE root = ?", target.path);
        transaction.execute("INSERT OR REPLACE INTO sizes VALUES (?, 0, 0, 0, 0, ?, ?)", target.path, host_.nowMs(), problem);
    });
}

// The folders in it are only kept of those that are told of as a tree, and not of apps.
std::optional<TreeSize> Sizes::measure(Call& call, const Target& target) {
    if (const std::string why = whyNotToOpen(target.path); !why.empty()) {
        noteProblem(target, why);
        return std::nullopt;
    }
    std::vector<FolderTotal> folders;
    const bool isApp = target.path.starts_with(appData() + "/");
    const auto size = measureTree(source_.root + target.path, [&](std::uint64_t) { return !call.cancelled(); },
                                  [&](FolderTotal total) {
                                      if (!isApp && total.bytes >= kLeastFolder) folders.push_back(std::move(total));
                                  });
    if (call.cancelled()) throw Cancelled("the measuring was ended");
    std::sort(folders.begin(), folders.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
    folders.resize(std::min(folders.size(), kMostFolders));
    if (!size) {
        noteProblem(target, kAbsent);
        return size;
    }
    host_.database().transaction([&](Transaction& transaction) {
        transaction.execute("DELETE FROM folder_sizes WHERE root = ?", target.path);
        for (const FolderTotal& each : folders)
            transaction.execute("INSERT OR REPLACE INTO folder_sizes VALUES (?, ?, ?, ?)", target.path + "/" + each.path,
                                target.path, each.bytes, each.files);
        transaction.execute("INSERT OR REPLACE INTO sizes VALUES (?, ?, ?, ?, ?, ?, '')", target.path, size->bytes,
                            size->files, size->unreadable, size->cut, host_.nowMs());
    });
    return size;
}

ScanResult Sizes::scan(Call& call, JobRun& run) {
    const IdleReading idle;
    ScanResult result;
    auto all = targets();
    for (const std::string& name : namesIn(source_.root + appData()))
        if (all.size() < kMostApps) all.push_back({appData() + "/" + name, name});
    for (std::size_t i = 0; i < all.size(); ++i) {
        run.progress({.fraction = static_cast<double>(i) / static_cast<double>(all.size()), .phase = "measure", .message = all[i].path});
        const auto size = measure(call, all[i]);
        if (!size) continue;
        ++result.folders;
        result.bytes += size->bytes;
    }
    return result;
}

} // namespace talome::system

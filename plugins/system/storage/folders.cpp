// GET /api/storage/tree: what takes the space in the measured folders. GET /api/storage/duplicates: files with the same
// content, which a job looks for when it is told to.
#include "services.hpp"

#include "live/timestamp.hpp"
#include "storage/duplicate_finder.hpp"

namespace talome::system {

namespace {

struct TreeInput {
    std::optional<std::string> path;
    int depth = 1;
};
BOOST_DESCRIBE_STRUCT(TreeInput, (), (path, depth))

struct Tree {
    std::vector<FolderNode> folders; ///< the largest first
    std::optional<std::string> asOf; ///< of one path: when it was measured
    std::string note;                ///< why there may be less than expected; empty: nothing of that kind
};
BOOST_DESCRIBE_STRUCT(Tree, (), (folders, asOf, note))

struct DuplicatesInput {
    std::string path;
    std::int64_t minBytes = 1024 * 1024;
};
BOOST_DESCRIBE_STRUCT(DuplicatesInput, (), (path, minBytes))

struct DuplicatesOf : DuplicateReport {
    std::string path;
    std::int64_t minBytes = 0;
    std::string asOf;
};
BOOST_DESCRIBE_STRUCT(DuplicatesOf, (DuplicateReport), (path, minBytes, asOf))

constexpr const char* kDuplicatesJob = "storage.compareFiles";
constexpr int kMostReports = 20;

class FoldersGroup : public Group {
public:
    FoldersGroup(Registry& registry, Services& services) : services_(services) {
        const Constraint path = pattern("^(/[^/]+)+$");
        registry
            .operation("storage.tree", "What takes the space in the measured folders, as of when they were measured", kSystem,
                       Tier::read, this, &FoldersGroup::tree)
            .route("GET", "/api/storage/tree")
            .route("GET", "/api/storage/usage")
            .input("path", "A measured folder, or one in it; all measured ones unless said", length(1, 4096), path)
            .input("depth", "Levels of the folders in it", range(0, kToldDepth), 1);
        registry
            .operation("storage.duplicates", "Files with the same content, as they were last looked for", kSystem, Tier::read,
                       this, &FoldersGroup::duplicates)
            .route("GET", "/api/storage/duplicates");
        registry
            .operation("storage.findDuplicates", "Looks for files with the same content below a measured folder, as a job", admin,
                       Tier::modify, this, &FoldersGroup::start)
            .route("POST", "/api/storage/duplicates", 202)
            .input("path", "A measured folder, or one in it", length(1, 4096), path)
            .input("minBytes", "Smaller files are not looked at", range(1, std::int64_t{1} << 50), 1024 * 1024)
            .target("folder", "path");
        registry.job(kDuplicatesJob, "Looks for files with the same content", admin, this, &FoldersGroup::find).limit(std::chrono::hours(12));
    }

private:
    Tree tree(const TreeInput& input) {
        Tree answer;
        if (input.path) {
            auto found = services_.sizes.tree(*input.path, input.depth);
            if (!found) throw NotFound(*input.path + " has not been measured, or is small: see storage_scan_paths and POST /api/storage/scan");
            answer.folders.push_back(std::move(*found));
            if (const auto at = services_.sizes.measuredAt(*input.path)) answer.asOf = timestamp(*at);
        } else {
            for (const FolderSize& each : services_.sizes.folders())
                if (auto found = services_.sizes.tree(each.path, input.depth)) answer.folders.push_back(std::move(*found));
            std::sort(answer.folders.begin(), answer.folders.end(), [](const auto& a, const auto& b) { return a.sizeBytes > b.sizeBytes; });
            if (answer.folders.empty()) answer.note = "nothing has been measured yet: POST /api/storage/scan, or wait for the night";
        }
        return answer;
    }

    std::vector<DuplicatesOf> duplicates() {
        std::vector<DuplicatesOf> answer;
        services_.host.database().each("SELECT path, min_bytes, at, report FROM duplicates ORDER BY at DESC", [&](const RowView& row) {
            DuplicatesOf one{readText<DuplicateReport>(row.get<std::string>(3)), row.get<std::string>(0),
                             row.get<std::int64_t>(1), timestamp(row.get<std::int64_t>(2))};
            answer.push_back(std::move(one));
        });
        return answer;
    }

    /// Only below what the owner has named: it is not a way to learn of other files. Gives the named one.
    std::string named(const std::string& path) const {
        auto folder = services_.sizes.named(path);
        if (!folder) throw Invalid("path", "is in no folder of storage_scan_paths");
        if (const std::string why = services_.sizes.whyNotToOpen(path); !why.empty()) throw Conflict(why);
        return std::move(*folder);
    }

    JobStarted start(Call& call, const DuplicatesInput& input) {
        named(input.path);
        return services_.host.startJob(call, kDuplicatesJob, input, "Look for duplicates in " + input.path);
    }

    DuplicateReport find(Call& call, JobRun& run, const DuplicatesInput& input) {
        const std::string folder = named(input.path);
        const IdleReading idle;
        int told = -1; // percent
        auto report = findDuplicates(services_.sampler.source().root + folder, input.path.substr(std::min(input.path.size(), folder.size() + 1)),
                                     static_cast<std::uint64_t>(input.minBytes), [&](double share) {
            const int percent = static_cast<int>(share * 100);
            if (percent != std::exchange(told, percent)) run.progress({.fraction = share, .phase = "compare", .message = input.path});
            return !call.cancelled();
        });
        if (call.cancelled()) throw Cancelled("the search was ended");
        if (!report) throw NotFound("there is no folder " + input.path);
        services_.host.database().transaction([&](Transaction& transaction) {
            transaction.execute("INSERT OR REPLACE INTO duplicates VALUES (?, ?, ?, ?)", input.path, input.minBytes,
                                services_.host.nowMs(), toJson(*report));
            transaction.execute("DELETE FROM duplicates WHERE path NOT IN (SELECT path FROM duplicates ORDER BY at DESC LIMIT ?)", kMostReports);
        });
        return *report;
    }

    Services& services_;
};

} // namespace

std::string duplicateTables() {
    return "CREATE TABLE duplicates (path TEXT PRIMARY KEY, min_bytes INTEGER NOT NULL, at INTEGER NOT NULL, "
           "report TEXT NOT NULL) WITHOUT ROWID;";
}

std::unique_ptr<Group> folders(Registry& registry, Services& services) {
    return std::make_unique<FoldersGroup>(registry, services);
}

} // namespace talome::system

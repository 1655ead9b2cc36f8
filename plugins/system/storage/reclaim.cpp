// GET /api/storage/reclaimable shows what could go and gives a token for exactly that; POST /api/storage/reclaim
// deletes of it what is still as it was shown.
#include "services.hpp"

#include "live/timestamp.hpp"
#include "storage/reclaim_plan.hpp"
#include "storage/storage_types.hpp"

#include <map>
#include <set>

namespace talome::system {

namespace {

struct Preview {
    std::vector<ReclaimCategory> categories;
    std::uint64_t totalReclaimableBytes = 0; ///< Docker's part included
    std::vector<Reclaimable> entries;        ///< the largest first
    std::string plan, validUntil;
    std::optional<std::string> dockerReason;
};
BOOST_DESCRIBE_STRUCT(Preview, (), (categories, totalReclaimableBytes, entries, plan, validUntil, dockerReason))

struct ReclaimInput {
    std::vector<std::string> targets;
    std::optional<std::string> plan;
    bool dryRun = true;
};
BOOST_DESCRIBE_STRUCT(ReclaimInput, (), (targets, plan, dryRun))

struct ReclaimAnswer {
    bool dryRun = true;
    std::uint64_t bytes = 0; ///< freed, or what would be
    std::int64_t count = 0;
    std::vector<Removed> results;
};
BOOST_DESCRIBE_STRUCT(ReclaimAnswer, (), (dryRun, bytes, count, results))

constexpr std::chrono::seconds kDockerWait{3};
constexpr std::int64_t kValidMs = 15 * 60'000;
constexpr const char* kSearchTask = "system.reclaimable";

} // namespace

std::vector<ReclaimRule> reclaimRules(const std::string& root) {
    std::vector<ReclaimRule> all = {
        {"packageCache", "/var/cache/apt/archives", "the file of a package, which can be loaded again", {".deb"}, 0, Risk::low, false},
        {"rotatedLogs", "/var/log", "a log that was put away more than a week ago", {".gz", ".xz", ".zst", ".bz2", ".1", ".2", ".old"}, 7, Risk::low, true},
        {"crashDumps", "/var/lib/systemd/coredump", "the memory of a program that crashed", {}, 1, Risk::low, false},
        {"crashDumps", "/var/crash", "the memory of a program that crashed", {}, 1, Risk::low, false},
        {"oldTemporaryFiles", "/var/tmp", "a temporary file that nobody has changed for a month", {}, 30, Risk::medium, true}};
    for (ReclaimRule& rule : all) rule.root = root + rule.root;
    return all;
}

namespace {

class ReclaimGroup : public Group {
public:
    ReclaimGroup(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("storage.reclaimable", "What could be deleted, why, and how risky it is; with a token to do it",
                       kSystem, Tier::read, this, &ReclaimGroup::preview)
            .route("GET", "/api/storage/reclaimable")
            .tool("get_reclaimable_space", "How much space could be freed: Docker, old logs, caches, crash dumps")
            .category("storage");
        registry
            .operation("storage.reclaim", "Deletes what a preview has shown, as far as it has not changed since", admin,
                       Tier::destructive, this, &ReclaimGroup::reclaim)
            .route("POST", "/api/storage/reclaim")
            .route("POST", "/api/storage/cleanup")
            .tool("reclaim_space", "Preview (dryRun) or delete what get_reclaimable_space has shown")
            .category("storage")
            .tierWhen("dryRun", true, Tier::read)
            .input("targets", "Ids of the preview's entries", items(1, kMostPlanned))
            .input("targets[]", "An id", length(1, 100))
            .input("plan", "Of the preview, its token: needed unless dryRun", length(1, 100))
            .input("dryRun", "Only says what would be deleted", true);
        registry.task(kSearchTask, "Looks for what could be deleted, for GET /api/storage", this, &ReclaimGroup::search);
    }

private:
    void search() { services_.reclaimable.look(); }

    Preview preview(Call& call) {
        auto files = *services_.reclaimable.look();
        Preview answer;
        const ReclaimSummary summary = services_.summaryOf(files, kDockerWait);
        answer.categories = summary.categories;
        answer.totalReclaimableBytes = summary.totalReclaimableBytes;
        answer.dockerReason = summary.dockerReason;
        for (const PlannedFile& each : files) answer.entries.push_back(each.shown);
        const std::int64_t now = services_.host.nowMs();
        answer.plan = plans_.keep(std::move(files), call.principal().userId, now);
        answer.validUntil = timestamp(now + kValidMs);
        return answer;
    }

    ReclaimAnswer reclaim(Call& call, const ReclaimInput& input) {
        ReclaimAnswer answer;
        answer.dryRun = input.dryRun;
        const std::set<std::string> wanted(input.targets.begin(), input.targets.end());
        if (!input.dryRun && !input.plan)
            throw Invalid("plan", "is needed to delete: it comes with GET /api/storage/reclaimable");
        auto files = input.plan ? plans_.look(*input.plan, services_.host.nowMs()) : *services_.reclaimable.look();
        std::erase_if(files, [&](const PlannedFile& each) { return !wanted.contains(each.shown.id); });
        if (files.size() != wanted.size()) throw Invalid("targets", "holds an id that the preview does not have");
        if (!input.dryRun) { // only now, for a wrong id ends no plan
            plans_.take(*input.plan, services_.host.nowMs());
            services_.reclaimable.forget();
        }
        for (const PlannedFile& each : files) {
            if (call.cancelled()) { // what was deleted is said all the same
                answer.results.push_back({each.shown.id, each.shown.path, false, 0, "it was not its turn when the call was ended"});
                continue;
            }
            answer.results.push_back(input.dryRun ? Removed{each.shown.id, each.shown.path, false, each.shown.bytes, "dry run"}
                                                  : removeIfSame(each));
            const Removed& last = answer.results.back();
            if (!last.removed && !input.dryRun) continue;
            answer.bytes += last.bytes;
            ++answer.count;
        }
        return answer;
    }

    Services& services_;
    ReclaimPlans plans_;
};

} // namespace

ReclaimSummary Services::summaryOf(const std::vector<PlannedFile>& files, std::chrono::milliseconds wait) {
    ReclaimSummary summary;
    std::map<std::string, ReclaimCategory> byKind;
    for (const PlannedFile& each : files) {
        ReclaimCategory& category = byKind[each.shown.kind];
        category.type = each.shown.kind;
        ++category.totalCount;
        category.reclaimableBytes += each.shown.bytes;
    }
    for (auto& [kind, category] : byKind) summary.categories.push_back(std::move(category));
    const DockerKnown docker = dockerUsage.look(wait);
    if (docker.usage)
        for (const DockerCategory& each : docker.usage->categories)
            summary.categories.push_back({each.type, each.totalCount, each.reclaimableBytes.value_or(0)});
    else
        summary.dockerReason = docker.reason;
    for (const ReclaimCategory& each : summary.categories) summary.totalReclaimableBytes += each.reclaimableBytes;
    return summary;
}

// Searches nothing itself: what is known, and else the next who looks is told more.
ReclaimSummary Services::reclaimSummary() {
    const auto files = reclaimable.known();
    if (reclaimable.isOld()) host.wake(kSearchTask);
    ReclaimSummary summary = summaryOf(files ? *files : std::vector<PlannedFile>(), std::chrono::milliseconds(500));
    if (!files) summary.filesReason = "what could be deleted is being looked for";
    return summary;
}

std::unique_ptr<Group> reclaim(Registry& registry, Services& services) {
    return std::make_unique<ReclaimGroup>(registry, services);
}

} // namespace talome::system

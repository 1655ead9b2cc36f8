// What could be deleted, shown first and deleted later: a plan is what somebody has seen. Deleting takes the plan's
// token, and of each file only if it is still the very one that was shown: same inode, size and times, and nobody is
// writing to it. Paths are opened below their root and through no link.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <talome/json.hpp>
#include <vector>

namespace talome::system {

enum class Risk { low, medium, high };
BOOST_DESCRIBE_ENUM(Risk, low, medium, high)

/// Where files may be deleted, and which.
struct ReclaimRule {
    std::string kind, root, reason;
    std::vector<std::string> endings; ///< of names; empty: all
    int minAgeDays = 0;
    Risk risk = Risk::low;
    bool deep = false; ///< also in folders below
};

/// What a file was when it was seen.
struct Seen {
    std::uint64_t device = 0, inode = 0, size = 0, blocks = 0;
    std::int64_t modifiedNs = 0, changedNs = 0;
    bool operator==(const Seen&) const = default;
};

struct Reclaimable {
    std::string id, kind, path;
    std::uint64_t bytes = 0;
    std::string reason;
    Risk risk = Risk::low;
    std::string action = "delete";
};
BOOST_DESCRIBE_STRUCT(Reclaimable, (), (id, kind, path, bytes, reason, risk, action))

struct PlannedFile {
    Reclaimable shown;
    std::string root, relative;
    Seen seen;
};

inline constexpr std::size_t kMostPlanned = 2000; ///< files in a plan; the largest ones

/// Files that the rules name, the largest first; of all rules together 200,000 entries are looked at. `nowMs`: for their
/// age. What this process may not delete is left out, as where its unit shows it the system read-only.
std::vector<PlannedFile> findReclaimable(const std::vector<ReclaimRule>&, std::int64_t nowMs);

struct Removed {
    std::string id, path;
    bool removed = false;
    std::uint64_t bytes = 0;
    std::string reason; ///< why it was not removed
};
BOOST_DESCRIBE_STRUCT(Removed, (), (id, path, removed, bytes, reason))

/// Deletes it if it is what was seen.
Removed removeIfSame(const PlannedFile&);

/// One search for all who ask within a minute. Any thread.
class ReclaimSearch {
public:
    using Files = std::shared_ptr<const std::vector<PlannedFile>>;
    explicit ReclaimSearch(std::function<std::vector<PlannedFile>()> find) : find_(std::move(find)) {}
    Files look();                   ///< searches if what is known is a minute old
    Files known() const;            ///< searches nothing; none: nobody has yet, or something was deleted since
    bool isOld() const;             ///< there is none, or it is ten minutes old
    void forget();

private:
    using Clock = std::chrono::steady_clock;
    const std::function<std::vector<PlannedFile>()> find_;
    std::mutex searching_;
    mutable std::mutex mutex_; // all below
    Files files_;
    Clock::time_point at_{};
};

/// Plans that have been shown; each counts once and for fifteen minutes. A user has the last four of theirs. Any thread.
class ReclaimPlans {
public:
    std::string keep(std::vector<PlannedFile> files, const std::string& user, std::int64_t nowMs); ///< its token
    /// Throw Conflict if there is none of that token any more. take() also ends it.
    std::vector<PlannedFile> look(const std::string& token, std::int64_t nowMs) const;
    std::vector<PlannedFile> take(const std::string& token, std::int64_t nowMs);

private:
    struct Plan {
        std::vector<PlannedFile> files;
        std::string user;
        std::int64_t untilMs = 0;
    };
    const Plan& find(const std::string& token, std::int64_t nowMs) const;

    mutable std::mutex mutex_;
    std::map<std::string, Plan> plans_;
};

} // namespace talome::system

// How full file systems are. A file system can keep whoever asks it waiting for ever (a server that has gone, a program
// that sleeps), and such a wait cannot be ended. So nobody who serves a request asks: threads of their own do, one for
// all file systems of this machine and one for each that is suspect, and everyone else reads what they have found. A
// mount that does not answer within kPatience keeps its thread, is not asked again, and is reported as unresponsive
// until it answers. At most kMostWaiting threads wait; while so many do, only what has answered before is asked.
//
// Some waits (of FUSE) outlast even SIGKILL, and with them the process, though nothing else of it is left: its threads
// here keep no descriptor open, so that the next process can take its place.
//
// Any thread.
#pragma once

#include "mounts/mount_table.hpp"

#include <sys/statvfs.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace talome::system {

inline constexpr std::chrono::milliseconds kPatience{2000};
inline constexpr int kMostWaiting = 16;
/// Disks of this machine are not asked more often, whatever is wished: a round of questions costs as much as a sample.
inline constexpr std::chrono::milliseconds kCalmAge{3000};

struct Space {
    std::uint64_t total = 0, free = 0, available = 0; ///< bytes; free: also what only root may use
    std::uint64_t files = 0, filesFree = 0;           ///< 0: the file system has no such limit
    std::uint64_t used() const { return total - std::min(total, free); }
    /// As df says it: of what users may have.
    double percent() const {
        const auto whole = static_cast<double>(used() + available);
        return whole > 0 ? static_cast<double>(used()) / whole * 100 : 0;
    }
    std::optional<double> filesPercent() const {
        if (files == 0) return std::nullopt;
        return static_cast<double>(files - std::min(files, filesFree)) / static_cast<double>(files) * 100;
    }
};

struct MountState {
    using Clock = std::chrono::steady_clock;
    Mount mount;
    std::optional<Space> space; ///< the last that is known
    Clock::time_point at{};     ///< of that
    std::string problem;        ///< why the last question had no answer; empty: it had one
    bool unresponsive = false;
    Clock::time_point since{}; ///< of being so
};

class MountProber {
public:
    /// 0, or an errno. The tests' own hangs.
    using Ask = std::function<int(const std::string& path, Space&)>;

    explicit MountProber(Ask ask);
    ~MountProber(); ///< what still waits goes on by itself, and touches nothing of this

    /// Takes the mounts as they are now, and begins to ask those that have not been asked for `age`, or kCalmAge where
    /// that is more. Waits for nothing.
    void refresh(const std::vector<Mount>&, std::chrono::milliseconds age);
    /// Waits until all that are not suspect have been asked once, but not for longer. For the very first look.
    void awaitFirst(std::chrono::milliseconds most) const;
    std::vector<MountState> state() const;
    int waiting() const; ///< threads that wait for longer than kPatience

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

/// statvfs(3) of a path.
int askKernel(const std::string& path, Space&);

} // namespace talome::system

// The processes that talome-spawn looks after: its children, and whatever they have started, in any session. They are
// found by their parents in /proc; an orphan becomes a child of talome-spawn, which is their subreaper.
#pragma once

#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace talome::process {

class Family {
public:
    struct Usage {
        std::uint64_t memory = 0; ///< bytes, resident: anonymous and shared memory, not that of files
        std::uint64_t cpuMs = 0;  ///< of those alive, and of those that they have waited for
    };

    /// Looks again who is alive.
    void refresh();
    std::size_t size() const { return members_.size(); }
    Usage usage() const;

    /// SIGKILL to every child; its own children are then children here. Processes deeper down are never addressed:
    /// their numbers may be another's by now, those of children may not, for only talome-spawn can reap these.
    static void killChildren();

private:
    std::vector<pid_t> members_;
};

} // namespace talome::process

// The mounts as they are now. The kernel says when its table has changed (proc(5): poll() of /proc/PID/mountinfo), so
// that it is read once, and again only then; a table that is a plain file is read each time.
#pragma once

#include "mounts/mount_table.hpp"
#include "readings/source.hpp"

namespace talome::system {

/// One thread at a time.
class MountWatch {
public:
    explicit MountWatch(const Source& source) : source_(source), table_(source.mountTable()) {}
    /// `ignored`: paths below which mounts are not looked at; counts when the table is read.
    const std::vector<Mount>& now(const std::vector<std::string>& ignored);

private:
    const Source& source_;
    KeptFile table_;
    std::string buffer_;
    bool read_ = false;
    std::vector<Mount> mounts_;
};

} // namespace talome::system

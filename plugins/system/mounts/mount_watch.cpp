#include "mounts/mount_watch.hpp"

#include <poll.h>

namespace talome::system {

const std::vector<Mount>& MountWatch::now(const std::vector<std::string>& ignored) {
    // Asked before it is read: a change in between is seen the next time.
    pollfd asked{table_.descriptor(), POLLPRI, 0};
    const bool changed = asked.fd < 0 || ::poll(&asked, 1, 0) != 0;
    if (read_ && source_.own && !changed) return mounts_;
    mounts_ = dataMounts(table_.read(buffer_), ignored);
    read_ = true;
    return mounts_;
}

} // namespace talome::system

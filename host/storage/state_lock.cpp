// Two programs at work on one state would damage it: who opens it for writing holds talomed.lock.
#include "host/storage/state_lock.hpp"

#include "host/storage/durable_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace talome::storage {

StateLock::StateLock(const std::filesystem::path& stateDir)
    : fd_(::open((stateDir / "talomed.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
    const auto file = stateDir / "talomed.lock";
    if (fd_ < 0) throw std::runtime_error(file.string() + ": " + std::strerror(errno));
    const bool held = ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
    const int why = errno;
    if (held) {
        try {
            giveToOwnerOf(stateDir, file); // made by root, it must not keep the server out
        } catch (...) {
            ::close(fd_);
            throw;
        }
        return;
    }
    ::close(fd_);
    if (why != EWOULDBLOCK) throw std::runtime_error(file.string() + ": " + std::strerror(why));
    throw StateInUse(stateDir.string() + " is in use by a running talomed; stop it, or name another state directory");
}

StateLock::~StateLock() { ::close(fd_); }

} // namespace talome::storage

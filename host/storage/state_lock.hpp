// Two programs at work on one state would damage it: who opens it for writing holds talomed.lock.
#pragma once

#include <filesystem>
#include <stdexcept>

namespace talome::storage {

/// Somebody else holds it.
struct StateInUse : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Held from construction to destruction; a process that dies lets go of it.
class StateLock {
public:
    /// Throws StateInUse if another process has it, std::runtime_error if the file cannot be made.
    explicit StateLock(const std::filesystem::path& stateDir);
    ~StateLock();
    StateLock(const StateLock&) = delete;
    StateLock& operator=(const StateLock&) = delete;

private:
    int fd_;
};

} // namespace talome::storage

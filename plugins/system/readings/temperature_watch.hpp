// Temperatures, read by threads of their own: a disk that fails can keep who asks it waiting for long, so nobody asks
// it who serves a request or counts anything. Disks are asked every five minutes only, for each question may keep one
// awake; other chips at most every five seconds, and only while somebody wants to know.
//
// Any thread.
#pragma once

#include "readings/machine.hpp"

#include <chrono>
#include <memory>

namespace talome::system {

class TemperatureWatch {
public:
    using Read = std::function<std::vector<Temperature>(Chips)>; ///< the tests' own hangs

    explicit TemperatureWatch(Read read);
    /// What is known, and begins to read what is old. Waits up to `most` for what has never been read.
    std::vector<Temperature> look(std::chrono::milliseconds most = {});

private:
    struct Shared;
    const std::shared_ptr<Shared> shared_; ///< a thread that waits outlives this
};

} // namespace talome::system

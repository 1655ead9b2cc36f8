// Waits for those who are inside of a plugin.
#pragma once

#include "host/gate/drain.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace talome::plugins {

/// Lets nobody in any more, and waits for those who are. Whether the last one has left in time.
inline bool waitUntilEmpty(gate::Drain& drain, std::chrono::milliseconds limit) {
    struct Seen {
        std::mutex mutex;
        std::condition_variable changed;
        bool empty = false;
    };
    const auto seen = std::make_shared<Seen>();
    drain.close([seen] {
        {
            const std::lock_guard lock(seen->mutex);
            seen->empty = true;
        }
        seen->changed.notify_all();
    });
    std::unique_lock lock(seen->mutex);
    return seen->changed.wait_for(lock, limit, [&] { return seen->empty; });
}

} // namespace talome::plugins

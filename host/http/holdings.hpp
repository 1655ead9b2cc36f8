// What the connections of one owner hold in memory together, and how much that may be.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

namespace talome::http {

/// Any thread. The owner, a plugin, is named in the words of a refusal.
struct Holdings {
    Holdings(std::string owner, std::uint64_t mostStreams, std::uint64_t mostQueued, std::uint64_t mostBodies,
             std::atomic<std::uint64_t>& refused)
        : owner(std::move(owner)), mostStreams(mostStreams), mostQueued(mostQueued), mostBodies(mostBodies),
          refused(refused) {}

    const std::string owner;
    const std::uint64_t mostStreams, mostQueued, mostBodies;
    std::atomic<std::uint64_t>& refused; ///< counted for whoever is told that there is no more

    std::atomic<std::uint64_t> streams{0}; ///< open
    std::atomic<std::uint64_t> queued{0};  ///< bytes that their clients have not taken
    std::atomic<std::uint64_t> bodies{0};  ///< bytes collected of requests
};

} // namespace talome::http

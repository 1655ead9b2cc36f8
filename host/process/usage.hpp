// What the programs of one plugin have cost so far.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace talome::process {

/// Any thread; once made, lasts as long as the process, over all generations of a plugin.
struct Usage {
    std::atomic<std::uint64_t> running{0}; ///< now
    std::atomic<std::uint64_t> started{0};
    std::atomic<std::uint64_t> cpuMs{0}; ///< of those that have ended
};

/// The one of this plugin, made when it is first asked for. Any thread.
Usage& usageOf(std::string_view plugin);

} // namespace talome::process

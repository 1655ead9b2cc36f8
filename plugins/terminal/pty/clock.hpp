// Times of talome-pty: of the clock for people, in ms since the epoch, and steady ones for deadlines.
#pragma once

#include <chrono>
#include <cstdint>

namespace talome::terminal {

using Steady = std::chrono::steady_clock;

inline std::uint64_t nowMs() {
    using namespace std::chrono;
    return static_cast<std::uint64_t>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

} // namespace talome::terminal

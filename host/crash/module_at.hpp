// Which file the code at an address came from, asked of the kernel: dladdr() must not be called in a signal handler.
#pragma once

#include <cstdint>

namespace talome::crash {

struct Module {
    char name[128] = "";      ///< of the file, without its folder; empty: unknown
    std::uint64_t offset = 0; ///< from where the file begins in memory, as addr2line wants it
};

/// `maps`: an open /proc/self/maps, which is read from its beginning. In a signal handler, too.
Module moduleAt(std::uintptr_t address, int maps) noexcept;

} // namespace talome::crash

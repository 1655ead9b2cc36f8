// Where the code of plugins lies in memory, so that an address tells whose it is, inside a signal handler too.
#pragma once

#include <cstdint>
#include <string_view>

namespace talome::crash {

/// Kept by the loader for as long as the code is mapped. Made and destroyed by one thread at a time.
class Mapped {
public:
    /// `within`: any address in the plugin's file, such as that of its descriptor.
    Mapped(std::string_view plugin, const void* within);
    ~Mapped();
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;

private:
    static constexpr int kMost = 4; // segments with code of one file: one, in practice
    int taken_[kMost];
    int count_ = 0;
};

/// The id of the plugin whose code is at this address, or null. In a signal handler, too.
const char* pluginAt(std::uintptr_t address) noexcept;

} // namespace talome::crash

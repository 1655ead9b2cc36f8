// What the targets share: the check that ends the program, and ways to cut an input that depend on nothing but itself.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace talome::fuzz {

/// An invariant. Compiled in also without assertions.
inline void require(bool condition) {
    if (!condition) std::abort();
}

inline std::string_view textOf(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Numbers that follow from a text, the same in each run.
class Numbers {
public:
    explicit Numbers(std::string_view text) {
        for (const unsigned char c : text) state_ = (state_ ^ c) * 1099511628211u; // FNV-1a
    }
    /// Below `bound`.
    std::size_t next(std::size_t bound) {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return static_cast<std::size_t>(state_ >> 33) % bound;
    }

private:
    std::uint64_t state_ = 14695981039346656037u;
};

/// The first line of `text`, which loses it with its '\n'.
inline std::string_view takeLine(std::string_view& text) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
}

} // namespace talome::fuzz

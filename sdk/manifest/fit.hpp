// Reads a C struct of any size: the other side may know more of it, or less.
#pragma once

#include <talome/errors.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace talome::manifest {

/// The struct as this side knows it: zeros for what the other side lacks, and nothing of what only that side knows.
/// Throws talome::Invalid, whose words begin with `what`, for a null pointer, a size that cannot be, and a tail that is
/// unknown here and not zero.
template <class T> T fit(const T* from, const char* what) {
    constexpr std::uint32_t most = 4096; // bytes; more is a pointer gone astray
    if (!from) throw Invalid(what, "is null");
    std::uint32_t size = 0;
    std::memcpy(&size, from, sizeof size);
    if (size < sizeof size || size > most)
        throw Invalid(what, "has the impossible struct_size " + std::to_string(size));
    const auto* raw = reinterpret_cast<const unsigned char*>(from);
    if (size > sizeof(T) && std::any_of(raw + sizeof(T), raw + size, [](unsigned char byte) { return byte != 0; }))
        throw Invalid(what, "uses fields that this host does not know");
    T known{};
    std::memcpy(&known, from, std::min<std::size_t>(size, sizeof(T)));
    return known;
}

} // namespace talome::manifest

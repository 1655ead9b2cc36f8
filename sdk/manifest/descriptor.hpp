// How far the descriptor of a plugin reaches, whichever SDK it was built with.
#pragma once

#include <talome/abi.h>

#include <cstddef>

namespace talome::manifest {

/// Bytes of the descriptor's first revision, which every plugin has. A field that comes after destroy() is asked for with
/// TALOME_HAS: this number stays.
constexpr std::size_t kFirstDescriptor = offsetof(talome_plugin, destroy) + sizeof(talome_plugin::destroy);

/// Whether it is there, of this ABI, and holds the first revision.
inline bool isDescriptor(const talome_plugin* plugin) {
    return plugin && plugin->struct_size >= kFirstDescriptor && plugin->abi == TALOME_ABI;
}

} // namespace talome::manifest

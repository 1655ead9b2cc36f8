// Which file a manifest belongs to: the digest and size of the .so, as the manifest says them.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace talome::manifest {

/// "sha256:" and 64 hexadecimal digits.
std::string digestOf(std::span<const std::byte> file);

} // namespace talome::manifest

// Reads an ELF file as it would be loaded, without running anything of it, and however it was made: every number in it
// is checked before it is used.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace talome::plugins {

/// A sentence that says why these bytes are no shared object that this process can load and that exports `symbol`;
/// empty: they are one. Any thread.
std::string elfProblem(std::span<const std::byte> file, std::string_view symbol);

} // namespace talome::plugins

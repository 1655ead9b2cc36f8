// The child side of talome-spawn: from fork() to exec().
#pragma once

#include "host/process/order.hpp"
#include "host/process/spawn/filter.hpp"

namespace talome::process {

/// Becomes the program, or ends the process after it has told over `told` why not: a Report whose kind is refused.
/// What seccomp asks is sent there too, as a descriptor with a Report whose kind is started.
[[noreturn]] void becomeProgram(const Order&, const Filter&, const std::vector<int>& descriptors, int told,
                                pid_t supervisor);

} // namespace talome::process

// What a program may do with files, by Landlock: no privileges and no namespaces are needed for it.
#pragma once

#include "host/process/order.hpp"

namespace talome::process {

/// The ABI that the kernel offers; 0: none.
int landlockAbi();

/// Why a program cannot be confined.
struct Unconfined {
    Stage stage;
    int error;
    std::uint32_t index = 0;
};

/// Where order.readOnly, nothing can be written but below order.writable. In any case, where the kernel has it: other
/// processes cannot be looked into, and (from ABI 6 on) not be signalled. For this process, with no_new_privs set, and
/// what it starts. Throws Unconfined.
void confineFiles(const Order&);

} // namespace talome::process

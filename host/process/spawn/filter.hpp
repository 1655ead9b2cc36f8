// The seccomp filter of a program. What it forbids is what no program of a plugin needs, and what would let it out of
// its limits; what it asks the supervisor about is every new process.
#pragma once

#include "host/process/order.hpp"

#include <memory>
#include <sys/types.h>

namespace talome::process {

class Filter {
public:
    /// `supervisor` and `host` are processes that the program must not signal; `landlock`: its ABI here, 0 for none.
    /// Throws std::system_error.
    Filter(const Order&, pid_t supervisor, pid_t host, int landlock);

    /// In the program's process, with no_new_privs set. Gives the descriptor on which the supervisor is asked. Throws.
    int load() const;

private:
    std::unique_ptr<void, void (*)(void*)> context_;
};

/// Whether a question is about a new process or thread with namespaces of its own.
bool wantsNamespaces(std::uint64_t cloneFlags);

} // namespace talome::process

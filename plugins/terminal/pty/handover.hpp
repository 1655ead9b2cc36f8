// How sessions outlive the process that had them.
//
// Replaced by a newer program, it stays the same process: it writes what it knows to memory, and executes the program
// with the number of that memory's descriptor. Terminals, output and children stay as they are.
//
// Killed or restarted under systemd, it is another process: the service manager keeps the descriptors of each session
// (FDSTORE of sd_notify(3)), the terminal and the memory of its output, and gives them to the next one.
#pragma once

#include "pty/session.hpp"

#include <memory>
#include <string>
#include <vector>

namespace talome::terminal {

struct Handover {
    std::string bootId;
    std::int64_t listener = -1;
    std::vector<SessionState> sessions;
    template <class F> void fields(F& f) { f(bootId), f(listener), f(sessions); }
};

/// Executes the program; its arguments get `--resume FD`. Returns only if that fails, with everything as it was.
void execInPlace(const std::string& program, const std::vector<std::string>& arguments, const Handover&);
/// What was written there, and closes it. Throws ProtocolError or std::system_error.
Handover readHandover(int fd);

/// Gives a session's descriptors to the service manager to keep, and takes them back. Nothing without one.
void keepDescriptors(const Session&);
void forgetDescriptors(const Key&);

/// What the service manager has kept or opened: the listener, if there is one, and sessions.
struct Inherited {
    Descriptor listener;
    std::vector<std::unique_ptr<Session>> sessions;
};
Inherited inheritFromManager();

} // namespace talome::terminal

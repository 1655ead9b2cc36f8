// A program with a terminal of its own: a shell, in a session of its own, with an environment that is made here and
// holds nothing of this process's.
#pragma once

#include "protocol/descriptor.hpp"
#include "pty/account.hpp"

#include <map>
#include <string>
#include <vector>

namespace talome::terminal {

struct ShellWanted {
    std::vector<std::string> command; ///< empty: the account's shell, without arguments
    std::string directory;            ///< empty: the home
    std::map<std::string, std::string> environment;
    unsigned cols = 80, rows = 24;
};

struct ShellStarted {
    Descriptor terminal; ///< the master's side, non-blocking
    pid_t pid = -1;
};

/// Throws std::runtime_error with words for the caller: no such program, no such directory.
ShellStarted startShell(const Account&, const ShellWanted&);

/// SIGHUP, or another signal, to the shell's group and to the one in the foreground.
void signalShell(int terminal, pid_t pid, int signal);
/// SIGKILL to every process of the terminal's session.
void killSession(pid_t session);

} // namespace talome::terminal

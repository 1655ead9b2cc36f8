// Passwords and other secrets from standard input: unseen at a terminal, and on no command line, which everybody on the
// machine can read.
#pragma once

#include <string>

namespace talome::ctl {

/// At a terminal: one line that is not shown, asked for twice. Else the first line. Throws std::runtime_error if both
/// differ, or there is none.
std::string readNewPassword(const std::string& what);
/// At a terminal: one line that is not shown. Else the first line.
std::string readPassword(const std::string& what);
/// At a terminal: one line that is not shown. Else all that comes, without the end of its last line.
std::string readValue(const std::string& what);

} // namespace talome::ctl

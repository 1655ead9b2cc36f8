// The folder ~/.talome of the user whose shells run here, and what lies in it.
#pragma once

#include "protocol/descriptor.hpp"

#include <string>

namespace talome::terminal {

/// Opens, and makes where it is not there, `home`/.talome/`name`, without following links. Throws std::system_error.
Descriptor openOwnFolder(const std::string& home, const std::string& name);

/// A new file in it, of mode 0600. Throws std::system_error.
Descriptor makeFile(const Descriptor& folder, const std::string& name);

/// Removes the regular files that were written more than `seconds` ago; how many are left.
std::size_t removeOlder(const Descriptor& folder, std::uint64_t seconds);

} // namespace talome::terminal

// Which file system a path is on, from the text of /proc/self/mountinfo (proc(5)): so that none is touched that could
// hang, as those of other machines can. Pure.
#pragma once

#include <string>
#include <string_view>

namespace talome::docker {

// "ext4"; empty if the text does not say.
std::string fileSystemOf(std::string_view mountInfo, std::string_view path);

// False for those of other machines and of programs (nfs, cifs, fuse…), and for what is no disk (tmpfs, proc…).
bool isLocalDisk(std::string_view fileSystem);

} // namespace talome::docker

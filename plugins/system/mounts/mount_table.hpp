// The file systems that hold data, from the kernel's mount table (proc(5), /proc/PID/mountinfo). Reading it asks no
// file system for anything, so one that hangs does not hang this.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace talome::system {

enum class MountKind { internal, external, network };
std::string_view nameOf(MountKind);

struct Mount {
    std::uint64_t id = 0;       ///< of this mount; one that is made anew has another
    std::string device;         ///< "8:1"
    std::string path, source, fstype, options;
    MountKind kind = MountKind::internal;
    bool readOnly = false;
    bool suspect = false; ///< another machine, or a program, answers for it, and may not
};

/// One for each file system, at its shortest path: bind mounts and further ones are left out, and so is what holds no
/// data of the owner's: pseudo file systems, those in memory, images that are mounted. In the order of their paths, the
/// root first.
std::vector<Mount> dataMounts(std::string_view mountinfo, const std::vector<std::string>& ignored = {});

/// All that is mounted at `path` or at a folder above it, with `suspect` also of what automounters mount.
std::vector<Mount> mountsOver(std::string_view mountinfo, std::string_view path);

} // namespace talome::system

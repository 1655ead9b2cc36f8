// Whether a plugin's two files are such that their code may run in this process: whose they are, who can change them,
// and whether the .so is the one that its manifest was made for. Signatures are not looked at: there are none.
#pragma once

#include "host/http/descriptor.hpp"
#include "host/plugins/manifest_file.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>

namespace talome::plugins {

/// What was checked is what is open: to be loaded by the descriptor, not by the path once more.
struct CheckedFile {
    http::Descriptor descriptor;
    std::uint64_t size = 0; ///< bytes
    dev_t device = 0;
    ino_t inode = 0;
    std::int64_t changedNs = 0; ///< since the epoch
    std::string digest;         ///< "sha256:…", after checkContent()
};

/// Opens a regular file that only root or this process's own user can change, and not through its folder either. Throws
/// Refused. Any thread, as what follows.
CheckedFile openChecked(const std::filesystem::path& file);

/// What `file` holds must be a shared object for this machine that exports the entry, and the one of the manifest. Runs
/// nothing of it. Throws Refused.
void checkContent(CheckedFile& file, const manifest::Manifest&);

/// Both.
CheckedFile checkFile(const std::filesystem::path& file, const manifest::Manifest&);

/// The text of the manifest beside the .so, `file`, opened in the same way. Throws Refused.
std::string readManifestText(const std::filesystem::path& file);

} // namespace talome::plugins

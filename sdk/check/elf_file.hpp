// What a shared object says of itself (ELF, System V gABI), read without running any of it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace talome::check {

struct ElfFile {
    std::vector<std::string> exported;
    std::vector<std::string> unique;    ///< exported or not: what keeps a file from being unmapped
    std::vector<std::string> libraries; ///< that it needs
    std::string runPath;                ///< RPATH or RUNPATH; empty if it has none
    bool executableStack = true;
    bool textRelocations = false;
};

/// Throws std::runtime_error if it is no shared object for this machine, or cannot be read.
ElfFile readElf(const std::filesystem::path&);

} // namespace talome::check

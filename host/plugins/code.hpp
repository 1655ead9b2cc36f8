// The code of one plugin file, mapped: from the checked file to a descriptor, and back out of memory.
#pragma once

#include "host/http/descriptor.hpp"
#include "host/plugins/manifest_file.hpp"

#include <boost/dll/shared_library.hpp>
#include <filesystem>
#include <memory>
#include <sys/stat.h>
#include <talome/abi.h>

namespace talome::plugins {

/// Which file this is: another one has another of these, whatever its name.
struct FileMark {
    dev_t device = 0;
    ino_t inode = 0;
    std::int64_t size = 0, changedNs = 0;
    bool operator==(const FileMark&) const = default;
    static FileMark of(const std::filesystem::path&); ///< all zero if there is none
};

/// For what can never go, at exit neither: somebody may be inside of it.
void keepForever(std::shared_ptr<void> what);

/// Each is mapped apart from every other one, also of the same file: two generations share no variable.
///
/// An installed file is mapped as it is: package managers put another in its place, and never write into it. Any other
/// is copied to memory first: a compiler or `cp` that writes into a mapped file ends the process.
class Code {
public:
    enum class Origin { installed, built };

    /// Maps the file and calls its entry. Throws Refused.
    Code(const std::filesystem::path& file, manifest::Manifest, Origin);
    /// Unmaps it, if the plugin allows that, and says so if it stays all the same.
    ~Code();
    Code(const Code&) = delete;
    Code& operator=(const Code&) = delete;

    const talome_plugin& functions() const { return *functions_; }
    const manifest::Manifest& manifest() const { return manifest_; }
    const FileMark& mark() const { return mark_; }
    /// Something may still run in it, or refer to it: it stays for as long as the process.
    void keep() { keep_ = true; }

private:
    void open(const std::filesystem::path& file, Origin);
    void requireEntry() const;

    const manifest::Manifest manifest_;
    FileMark mark_;
    std::shared_ptr<void> direct_; ///< while this very file is mapped, and not a copy
    http::Descriptor file_;        ///< open while the code is mapped: no other can have the path by then
    std::filesystem::path path_;   ///< of the descriptor
    boost::dll::shared_library library_;
    const talome_plugin* functions_ = nullptr;
    bool keep_ = false;
};

} // namespace talome::plugins

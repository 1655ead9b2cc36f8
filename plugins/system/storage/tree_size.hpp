// How much disk space a folder takes, as du(1) counts it: allocated blocks, a file with several names once. It stays on
// one file system, follows no link, and asks no mount below it for anything, so that one that hangs does not hang this.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace talome::system {

struct TreeSize {
    std::uint64_t bytes = 0, files = 0;
    std::uint64_t unreadable = 0; ///< folders that could not be read: what is in them is missing
    bool cut = false;             ///< ended before its end: `goOn` said so, or it is deeper than 256 folders
};

/// A folder within the one that is measured, with all that is in it.
struct FolderTotal {
    std::string path; ///< from there: "a/b"
    int depth = 0;    ///< of that: 2
    std::uint64_t bytes = 0, files = 0;
};

/// Nothing if there is no folder there. `goOn(bytes)` is asked for every thousand files; `eachFolder` is told of the
/// folders down to kToldDepth, a folder after those in it.
std::optional<TreeSize> measureTree(const std::string& path, const std::function<bool(std::uint64_t bytes)>& goOn,
                                    const std::function<void(FolderTotal)>& eachFolder = {});
inline constexpr int kToldDepth = 5;

/// This thread reads disks only when nobody else does, while this lives.
class IdleReading {
public:
    IdleReading();
    ~IdleReading();
    IdleReading(const IdleReading&) = delete;
    IdleReading& operator=(const IdleReading&) = delete;

private:
    int before_;
};

} // namespace talome::system

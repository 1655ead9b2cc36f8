// Files with the same content below a folder: first those of one size, of these those that begin alike, and of these
// those whose whole content has the same SHA-256. A file with several names (hard links) is one file. It stays on one
// file system and follows no link.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <talome/json.hpp>
#include <vector>

namespace talome::system {

/// Files that are the same.
struct DuplicateGroup {
    std::uint64_t sizeBytes = 0, wastedBytes = 0; ///< of each; of all but one
    std::int64_t count = 0;
    std::vector<std::string> paths; ///< from the folder, sorted; fifty at most
};
BOOST_DESCRIBE_STRUCT(DuplicateGroup, (), (sizeBytes, wastedBytes, count, paths))

struct DuplicateReport {
    std::vector<DuplicateGroup> groups; ///< the most wasteful first, 200 at most
    std::uint64_t wastedBytes = 0;      ///< of all groups
    std::int64_t files = 0;             ///< that were large enough to be looked at
    bool cut = false;                   ///< there are more than 300,000 of these, or it was ended
};
BOOST_DESCRIBE_STRUCT(DuplicateReport, (), (groups, wastedBytes, files, cut))

/// Of the folder `below` within `root`, which no link leads out of; empty: of `root`. Nothing if there is none. Files smaller than `leastBytes` are not looked at. `goOn(share)` is asked now
/// and then, 0 to 1 of what is to be read.
std::optional<DuplicateReport> findDuplicates(const std::string& root, const std::string& below,
                                              std::uint64_t leastBytes,
                                              const std::function<bool(double share)>& goOn);

} // namespace talome::system

// How much space the well-known folders take. Measured at night and when somebody asks for it, never while a request
// waits; what is shown says when it was measured.
#pragma once

#include "readings/source.hpp"
#include "storage/tree_size.hpp"

#include <talome/jobs.hpp>

namespace talome::system {

struct FolderSize {
    std::string path, label;
    std::optional<std::uint64_t> sizeBytes; ///< null: not measured yet, or it could not be
    std::optional<std::uint64_t> files;
    std::string state; ///< measured, incomplete, unreadable, absent, pending
    std::optional<std::string> asOf, reason;
};
BOOST_DESCRIBE_STRUCT(FolderSize, (), (path, label, sizeBytes, files, state, asOf, reason))

/// A folder with the larger ones in it, as they were measured.
struct FolderNode {
    std::string path, name;
    std::uint64_t sizeBytes = 0, files = 0;
    std::vector<FolderNode> children; ///< the largest first
};
BOOST_DESCRIBE_STRUCT(FolderNode, (), (path, name, sizeBytes, files, children))

struct ScanResult {
    int folders = 0;
    std::uint64_t bytes = 0;
};
BOOST_DESCRIBE_STRUCT(ScanResult, (), (folders, bytes))

/// Any worker.
class Sizes {
public:
    Sizes(Host host, const Source& source) : host_(host), source_(source) {}
    static std::string tables();

    std::vector<FolderSize> folders() const;
    /// Of each app: a folder of its own below app-data in the state directory.
    std::vector<FolderSize> apps() const;
    /// The folder at `path`, which is a measured one or one in it, with `depth` levels of those in it.
    /// Nothing if it is not known.
    std::optional<FolderNode> tree(const std::string& path, int depth) const;
    /// When the measured folder that holds `path` was measured, ms since the epoch.
    std::optional<std::int64_t> measuredAt(const std::string& path) const;
    /// Measures all of them.
    ScanResult scan(Call&, JobRun&);
    bool everMeasured() const;

private:
    struct Target {
        std::string path, label;
    };
    std::vector<Target> targets() const;
    std::string appData() const;
    std::vector<FolderSize> stored(const std::vector<Target>&) const;
    std::optional<TreeSize> measure(Call&, const Target&);

    const Host host_;
    const Source& source_;
};

} // namespace talome::system

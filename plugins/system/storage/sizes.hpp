// How much space the well-known folders take. Measured at night and when somebody asks for it, never while a request
// waits; what is shown says when it was measured. What another machine or a program answers for is not measured: opening
// it can take for ever.
#pragma once

#include "live/sampler.hpp"
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
    Sizes(Host host, const Sampler& sampler) : host_(host), sampler_(sampler), source_(sampler.source()) {}
    static std::string tables();
    static std::string problemColumn(); ///< why it could not be measured; empty: it was

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
    /// The measured folder that is `path` or holds it.
    std::optional<std::string> named(const std::string& path) const;
    /// Why nothing at `path` may be opened: a file system on the way may never answer. Empty: it may.
    std::string whyNotToOpen(const std::string& path) const;

private:
    struct Target {
        std::string path, label;
    };
    std::vector<Target> targets() const;
    std::string appData() const;
    std::vector<FolderSize> stored(const std::vector<Target>&) const;
    std::optional<TreeSize> measure(Call&, const Target&);
    void noteProblem(const Target&, std::string_view);

    const Host host_;
    const Sampler& sampler_;
    const Source& source_;
};

} // namespace talome::system

// Snapshots of the host's whole state: /api/snapshots. Restoring is talomectl's, while the server is stopped.
#pragma once

#include "host/storage/snapshots.hpp"

#include <talome/plugin.hpp>

namespace talome::api {

struct SnapshotOutput {
    std::string name;
    Nullable<std::string> createdAt; ///< null, as what follows, of a damaged one
    Nullable<std::string> reason, version;
    std::int64_t size = 0; ///< bytes
    bool secret = false;
    std::vector<storage::SnapshotFile> files;
    Nullable<std::string> damaged;
};
BOOST_DESCRIBE_STRUCT(SnapshotOutput, (), (name, createdAt, reason, version, size, secret, files, damaged))

/// Any thread.
class Snapshots {
public:
    Snapshots(Registry&, storage::Snapshots&);

private:
    std::vector<SnapshotOutput> list() const;
    SnapshotOutput create();

    storage::Snapshots& snapshots_;
};

} // namespace talome::api

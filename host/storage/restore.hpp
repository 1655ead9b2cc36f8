// Puts a snapshot in the place of the state: offline, all of it or nothing, whenever the power goes.
//
// The files are first copied beside the databases into restore.tmp and checked there; the rename of that folder to
// restore.pending is the moment at which the restore counts. What follows (the old files go to replaced/TIME, the new
// ones come to their places, restore.pending is removed) can be done again from any point, and is, before anybody opens
// a database: by the next restore() or the next start of talomed.
#pragma once

#include "host/storage/snapshots.hpp"

namespace talome::storage {

struct Restored {
    std::string snapshot;           ///< name of its folder
    std::string createdAt;          ///< ISO-8601, UTC
    std::vector<std::string> files; ///< what was put in place
    std::filesystem::path replaced; ///< where what was there before lies now; empty: there was nothing
    bool secret = false;            ///< false: talomed must be started with the TALOME_SECRET of that time
};

/// For talomectl. `snapshot` is a name in STATE/snapshots, or a path (it has a '/'). Throws StateInUse while talomed
/// runs, SnapshotDamaged if the snapshot is not whole, std::runtime_error for all else; nothing has changed then.
/// Databases that the snapshot does not have are put aside with the others: the state is what it was then.
Restored restore(const Places&, const std::string& snapshot);

/// Finishes a restore that was cut off after it counted, and forgets one that did not. Returns whether it finished one.
/// Whoever holds the StateLock calls it before opening a database.
bool finishRestore(const Places&);

} // namespace talome::storage

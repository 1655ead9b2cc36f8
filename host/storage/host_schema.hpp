// The tables of host.db.
#pragma once

#include "host/storage/database.hpp"

namespace talome::storage {

/// Additive and in order: what has been released is never edited.
const std::vector<Migration>& hostMigrations();

} // namespace talome::storage

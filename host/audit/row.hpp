// An entry of the audit log as it is kept.
#pragma once

#include "host/audit/entry.hpp"
#include "host/storage/database.hpp"

namespace talome::audit {

/// Ids count from 1 without a gap.
struct Row {
    std::int64_t id = 0;
    Entry entry;
    std::string mac; ///< 32 bytes, over the row and the mac of the one before it
};

/// The columns of audit_log, in the order in which they are written and read.
inline constexpr const char* kColumns =
    "id, at, action, tier, outcome, user_id, username, origin, credential, credential_id, peer, user_agent, "
    "request_id, plugin, target_kind, target, approval_id, duration_ms, input, words, mac";

/// Of a statement that selects kColumns. What somebody has put there of another type reads as 0 or nothing.
Row readRow(sqlite3_stmt*);
/// For an INSERT of kColumns.
std::vector<storage::Value> valuesOf(const Row&);

/// What is kept of it: UTF-8 with U+FFFD where it was none, texts cut at their bounds, with a mark. The input has
/// kMostInput bytes at most.
Entry bounded(Entry);
inline constexpr std::size_t kMostInput = 8 * 1024;

} // namespace talome::audit

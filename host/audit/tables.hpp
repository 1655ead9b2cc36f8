// The tables of audit.db: the rows, which SQLite itself refuses to change, and the two ends of their chain.
#pragma once

#include "host/audit/chain.hpp"
#include "host/audit/row.hpp"

namespace talome::audit {

inline constexpr const char *kHead = "head", ///< the last row
    *kAnchor = "anchor";                     ///< the last row that was pruned; of none if it is missing

/// A new log begins with a sealed head, of no row: that it had none is known, too.
void makeTables(storage::Database&, const Chain&);

void insert(storage::Database&, const Row&);

struct KnownEnd {
    bool present = false;
    bool sealed = false; ///< nobody has written it without the key
    End end;
};
KnownEnd readEnd(storage::Database&, const Chain&, const char* name);
void writeEnd(storage::Database&, const Chain&, const char* name, const End&);

} // namespace talome::audit

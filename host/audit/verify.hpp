// Looks whether the audit log is as it was written.
#pragma once

#include "host/audit/chain.hpp"
#include "host/audit/row.hpp"
#include "host/storage/database.hpp"

#include <boost/describe.hpp>
#include <functional>
#include <string>
#include <vector>

namespace talome::audit {

BOOST_DEFINE_ENUM_CLASS(Fault, none,
                        changed,   // a row is not as it was written
                        removed,   // rows are missing
                        reordered, // a row stands where another belongs
                        truncated, // the last rows are missing
                        added,     // rows that the log has not written
                        head,      // what is noted of the last row is not the log's, or is sealed with another key
                        anchor)    // the same of the last row that was pruned

/// What was found, up to the first thing that is wrong.
struct Verdict {
    Fault fault = Fault::none;
    std::int64_t id = 0; ///< of the first row that is not right
    std::string words;
    std::int64_t rows = 0, first = 0, last = 0; ///< that are right; 0: there is none
};

/// Beside any number of writers. `cancelled` is asked now and then; if it says so, std::runtime_error is thrown.
///
/// Nothing in the file can tell that it was exchanged as a whole for an older copy of itself: compare the last row with
/// what the server's log said at its start.
Verdict verify(storage::Database&, const Chain&, const std::function<bool()>& cancelled = {});

/// Of a file that no server uses; `key` is what talomed derives from its secret for "talome audit". Throws
/// std::runtime_error if there is no such file.
Verdict verifyFile(const std::filesystem::path& file, const std::string& key);

/// The next rows after `from`, up to `to`.
std::vector<Row> nextRows(storage::Database&, std::int64_t from, std::int64_t to, std::int64_t most);

} // namespace talome::audit

// What is read of the audit log: rows by filter, newest first or oldest first.
#pragma once

#include "host/audit/row.hpp"

#include <functional>
#include <optional>

namespace talome::audit {

/// Empty: any. All of those that are given must hold.
struct Filter {
    std::string action = {}; ///< an operation id, or its beginning and a *
    std::string tier = {}, outcome = {}, origin = {};
    std::string user = {};             ///< id or name
    std::string userId = {};           ///< exactly
    std::string text = {};             ///< found anywhere in action, target, user, address, input, words or request id
    std::optional<bool> approved = {}; ///< false: what the security mode has blocked
    std::optional<std::int64_t> from = {}, to = {}; ///< from at to on, milliseconds since the epoch, both included
};

/// The newest first, before the row `before` if that is not 0.
std::vector<Row> newest(storage::Database&, const Filter&, std::int64_t before, std::int64_t most);
std::int64_t count(storage::Database&, const Filter&);

/// The oldest first, those that are there at the beginning, few of them in memory at a time; false: enough.
void each(storage::Database&, const Filter&, const std::function<bool(const Row&)>&);

} // namespace talome::audit

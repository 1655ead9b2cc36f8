// What is wrong, and since when. A level is entered when the value has been above its limit for as long as the check
// says, and left when it is below by a margin, so that a value that swings around a limit is one alert and not many.
// What is wrong is kept in the database: a restart neither raises it again nor forgets since when it is.
#pragma once

#include "health/check.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <vector>

namespace talome::system {

/// A change of level.
struct Transition {
    Check check;
    Level from = Level::ok, to = Level::ok;
    std::int64_t sinceMs = 0, atMs = 0; ///< since: of being not ok
    std::optional<double> limit;        ///< the one that was crossed
};

struct Judged {
    Check check;
    Level level = Level::ok;
    std::optional<std::int64_t> sinceMs; ///< if it is not ok
};

struct StoredAlert {
    std::string key, name, subject;
    Level level = Level::ok;
    std::int64_t sinceMs = 0;
};

/// Any thread.
class AlertBook {
public:
    void load(const std::vector<StoredAlert>&); ///< at the start
    /// Takes all checks of some kinds as they are now. A subject of these kinds that is not among them has gone, and
    /// is no longer wrong. The transitions are those to tell; `judged` has one for each check.
    std::vector<Transition> update(const std::vector<Check>&, const std::set<std::string>& kinds, std::int64_t nowMs,
                                   std::vector<Judged>& judged);

private:
    struct Entry {
        Level level = Level::ok, pending = Level::ok;
        std::int64_t sinceMs = 0, pendingMs = 0;
        Check last;
    };
    static Level wanted(const Entry&, const Check&);

    std::mutex mutex_;
    std::map<std::string, Entry> entries_;
};

} // namespace talome::system

// What is wrong, and since when. A level is entered when the value has been above its limit for as long as the check
// says, and left when it is below by a margin, so that a value that swings around a limit is one alert and not many.
// What is wrong is kept in the database: a restart neither raises it again nor forgets since when it is.
#pragma once

#include "health/check.hpp"

#include <array>
#include <functional>
#include <map>
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

/// One thread at a time. A copy is tried first, and kept when what it tells has been stored.
class AlertBook {
public:
    void load(const std::vector<StoredAlert>&); ///< at the start
    /// Takes all checks of some kinds as they are now. A subject of these kinds that is not among them has gone, and
    /// is no longer wrong. The transitions are those to tell; `judged` has one for each check.
    std::vector<Transition> update(const std::vector<Check>&, const std::set<std::string>& kinds, std::int64_t nowMs,
                                   std::vector<Judged>& judged);
    /// Of a copy that could not be kept: how long values have been above their limits goes on from it, levels do not.
    void keepTimes(const AlertBook& tried);

private:
    struct Entry {
        Level level = Level::ok;
        std::int64_t sinceMs = 0;
        /// Since when the value has been above the limit of warning, and of critical; 0: it is not.
        std::array<std::int64_t, 2> aboveMs{};
        Check last;
    };
    static Level wanted(const Entry&, const Check&);
    static Level held(Entry&, const Check&, std::int64_t nowMs);

    std::map<std::string, Entry> entries_;
};

} // namespace talome::system

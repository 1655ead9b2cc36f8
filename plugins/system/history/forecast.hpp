// When a file system will be full if it goes on as it did: a straight line through its hours, by least squares.
#pragma once

#include "history/history_store.hpp"

namespace talome::system {

struct Forecast {
    std::string mount;
    /// growing, steady, shrinking; unknown: too little is known, see `reason`
    std::string trend = "unknown";
    std::string reason;
    std::optional<double> bytesPerDay, daysToFull; ///< days: of growing ones, 3650 at most
    std::optional<std::string> fullAt;
    std::optional<double> fit; ///< r², 0 to 1: how well a straight line describes it
    double basedOnDays = 0;
};
BOOST_DESCRIBE_STRUCT(Forecast, (), (mount, trend, reason, bytesPerDay, daysToFull, fullAt, fit, basedOnDays))

/// `points` oldest first, at least a day of them. `nowMs` for fullAt.
Forecast forecast(std::string mount, const std::vector<MountPoint>& points, std::int64_t nowMs);

inline constexpr std::int64_t kForecastSpan = 14 * 86400; ///< seconds that are looked at

} // namespace talome::system

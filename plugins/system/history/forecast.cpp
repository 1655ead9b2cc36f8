#include "history/forecast.hpp"

#include "live/timestamp.hpp"

#include <cmath>

namespace talome::system {

namespace {

constexpr std::size_t kFewest = 24;
constexpr double kSteadyPerDay = 0.0005; // of the size: less a day is no trend
constexpr double kFarthestDays = 3650;

} // namespace

Forecast forecast(std::string mount, const std::vector<MountPoint>& points, std::int64_t nowMs) {
    Forecast answer;
    answer.mount = std::move(mount);
    if (!points.empty()) answer.basedOnDays = std::round(static_cast<double>(points.back().t - points.front().t) / 8640) / 10;
    if (points.size() < kFewest || points.back().t - points.front().t < 23 * 3600) {
        answer.reason = "at least a day of history is needed";
        return answer;
    }
    const double n = static_cast<double>(points.size()), origin = static_cast<double>(points.front().t);
    double meanX = 0, meanY = 0, xx = 0, xy = 0, yy = 0;
    for (const MountPoint& each : points) {
        meanX += (static_cast<double>(each.t) - origin) / 86400 / n;
        meanY += static_cast<double>(each.used) / n;
    }
    for (const MountPoint& each : points) {
        const double x = (static_cast<double>(each.t) - origin) / 86400 - meanX, y = static_cast<double>(each.used) - meanY;
        xx += x * x, xy += x * y, yy += y * y;
    }
    const double perDay = xx > 0 ? xy / xx : 0;
    const auto& last = points.back();
    const double size = static_cast<double>(last.used + last.available);
    answer.bytesPerDay = std::round(perDay);
    answer.fit = yy > 0 ? std::round(xy * xy / (xx * yy) * 100) / 100 : 1;
    answer.trend = "steady";
    if (std::abs(perDay) >= size * kSteadyPerDay) answer.trend = perDay > 0 ? "growing" : "shrinking";
    if (answer.trend != "growing") return answer;
    const double days = static_cast<double>(last.available) / perDay;
    answer.daysToFull = std::min(kFarthestDays, std::round(days * 10) / 10);
    if (days < kFarthestDays) answer.fullAt = timestamp(nowMs + static_cast<std::int64_t>(days * 86400e3));
    return answer;
}

} // namespace talome::system

// What is recorded, and one bucket of it. All amounts are integers: percentages, loads and degrees are kept in
// hundredths, so that a row is small.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace talome::system {

enum class Series { cpu, memoryUsed, diskUsed, networkRx, networkTx, load, temperature, swapUsed };
inline constexpr std::size_t kSeries = 8;
/// Columns of the table, and fields of the answer.
inline constexpr std::array<std::string_view, kSeries> kSeriesNames = {
    "cpu", "memory_used", "disk_used", "network_rx", "network_tx", "load", "temperature", "swap_used"};
/// What a stored number is divided by.
inline constexpr std::array<int, kSeries> kSeriesScale = {100, 1, 1, 1, 1, 100, 100, 1};

/// What is kept, and for how long: buckets of each width, seconds.
struct Resolution {
    int width, keepDays;
};
inline constexpr std::array<Resolution, 3> kTiers = {Resolution{60, 8}, Resolution{300, 60}, Resolution{3600, 730}};

struct Span {
    std::int64_t least = 0, mean = 0, most = 0;
};

struct Bucket {
    std::int64_t t = 0; ///< its start, seconds since the epoch
    int n = 0;          ///< readings in it
    std::array<std::optional<Span>, kSeries> spans;
    std::optional<std::int64_t> memoryTotal, diskTotal;
};

/// Makes a bucket out of readings.
class Gathering {
public:
    void begin(std::int64_t t) {
        *this = Gathering();
        bucket_.t = t;
    }
    std::int64_t start() const { return bucket_.t; }
    int count() const { return bucket_.n; }
    void reading() { ++bucket_.n; }
    void add(Series series, std::int64_t value) {
        const auto at = static_cast<std::size_t>(series);
        auto& span = bucket_.spans[at];
        if (!span) span = Span{value, 0, value};
        span->least = std::min(span->least, value);
        span->most = std::max(span->most, value);
        sums_[at] += static_cast<double>(value);
        ++counts_[at];
    }
    void totals(std::optional<std::int64_t> memory, std::optional<std::int64_t> disk) {
        if (memory) bucket_.memoryTotal = memory;
        if (disk) bucket_.diskTotal = disk;
    }
    Bucket bucket() const {
        Bucket done = bucket_;
        for (std::size_t i = 0; i < kSeries; ++i)
            if (done.spans[i]) done.spans[i]->mean = static_cast<std::int64_t>(sums_[i] / counts_[i] + 0.5);
        return done;
    }

private:
    Bucket bucket_;
    std::array<double, kSeries> sums_{};
    std::array<int, kSeries> counts_{};
};

} // namespace talome::system

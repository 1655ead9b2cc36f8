// At which values the owner wants to be told; the setting alert_thresholds.
#pragma once

#include "health/check.hpp"

namespace talome::system {

struct Threshold {
    double warning = 0, critical = 0;
};
BOOST_DESCRIBE_STRUCT(Threshold, (), (warning, critical))

/// What is not said has its default.
struct Thresholds {
    std::optional<Threshold> cpu, memory, disk, temperature;
};
BOOST_DESCRIBE_STRUCT(Thresholds, (), (cpu, memory, disk, temperature))

inline constexpr Limits kCpuLimits{90, 98}, kMemoryLimits{90, 95}, kDiskLimits{80, 90}, kTemperatureLimits{80, 90};

inline Limits limitsOf(const std::optional<Threshold>& said, const Limits& otherwise) {
    return said ? Limits{said->warning, said->critical} : otherwise;
}
/// Throws Invalid if a warning does not come before what is critical.
inline void check(const Thresholds& thresholds) {
    const auto one = [](const char* name, const std::optional<Threshold>& each) {
        if (!each) return;
        if (each->warning < 1 || each->critical > 100 || each->warning >= each->critical)
            throw Invalid(name, "warning must be at least 1 and below critical, critical at most 100");
    };
    one("cpu", thresholds.cpu);
    one("memory", thresholds.memory);
    one("disk", thresholds.disk);
    one("temperature", thresholds.temperature);
}

} // namespace talome::system

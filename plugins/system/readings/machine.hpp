// What does not change, or only slowly: names, processors, temperatures.
#pragma once

#include "readings/source.hpp"

namespace talome::system {

struct Machine {
    std::string hostname, kernel, arch, cpuModel, os; ///< arch as Node names it: x64, arm64, …
    std::string board;                                ///< vendor and product; empty if not told
    std::int64_t bootedAtMs = 0;                      ///< since the epoch; 0: not known
    unsigned cores = 0;
};
Machine readMachine(const Source&);

struct Temperature {
    std::string chip, label;     ///< "k10temp-0000:00:18.3", "Tctl"; no two sensors have the same
    double celsius = 0;
    std::optional<double> critical; ///< as the sensor says
    std::string driver;             ///< "k10temp", or "thermal"
};
/// Which chips: asking a disk takes long where it fails, and may keep it awake.
enum class Chips { disks, others };
/// hwmon, and, among the others, thermal zones where there is none.
std::vector<Temperature> readTemperatures(const std::string& sys, Chips);
/// Of the processor: the sensor that is known to be it, else nothing.
std::optional<double> cpuTemperature(const std::vector<Temperature>&);
std::optional<double> meanFrequencyMHz(const std::string& sys);

} // namespace talome::system

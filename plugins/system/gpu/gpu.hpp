// Graphics processors: found on the PCI bus by class and vendor, read from sysfs; those of NVIDIA by the library that
// comes with their driver. A machine without one has an empty list.
#pragma once

#include "readings/source.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <talome/json.hpp>

namespace talome::system {

struct GpuProcess {
    std::int64_t pid = 0;
    double vramUsedMB = 0;
};
BOOST_DESCRIBE_STRUCT(GpuProcess, (), (pid, vramUsedMB))

/// What is not told is not there. MB are MiB, as the drivers say them.
struct Gpu {
    std::string vendor; ///< nvidia, amd, intel
    std::string name, driver, pciAddress;
    std::optional<double> temperatureC, utilizationPercent, vramUsedMB, vramTotalMB, vramPercent, powerDrawW,
        powerLimitW, encoderPercent, decoderPercent, frequencyMHz;
    std::vector<GpuProcess> processes;
    std::string problem; ///< why it could not be read; empty: it could
};
BOOST_DESCRIBE_STRUCT(Gpu, (),
                      (vendor, name, driver, pciAddress, temperatureC, utilizationPercent, vramUsedMB, vramTotalMB,
                       vramPercent, powerDrawW, powerLimitW, encoderPercent, decoderPercent, frequencyMHz, processes,
                       problem))

class Nvml; ///< of nvml.hpp

/// Any thread. Readings are shared for two seconds.
class GpuReader {
public:
    explicit GpuReader(Source source);
    ~GpuReader();
    std::vector<Gpu> read();
    /// Whether there is any, without asking it for anything.
    bool any();

private:
    struct Card {
        Gpu known; ///< what does not change
        std::string device; ///< its folder of sysfs
        std::string idle;   ///< the file that counts its idle milliseconds; empty: none
    };
    using Clock = std::chrono::steady_clock;
    void find();
    Gpu readCard(const Card&, Clock::time_point now);

    const Source source_;
    std::mutex mutex_; // all below
    bool found_ = false;
    std::vector<Card> cards_;
    std::unique_ptr<Nvml> nvml_;
    std::vector<Gpu> last_;
    Clock::time_point at_{};
    std::map<std::string, std::pair<Clock::time_point, std::int64_t>> idleBefore_; ///< by pciAddress
};

} // namespace talome::system

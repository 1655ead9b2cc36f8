// What smartctl (smartmontools 7, smartctl(8)) says of one disk in JSON, and what that means. Its exit code is a mask of
// eight bits, and anything but the first two still comes with data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <talome/json.hpp>
#include <vector>

namespace talome::system {

enum class SmartHealth {
    healthy,
    warning,     ///< it works, and has begun to wear out or has had errors
    failing,     ///< it says itself that it fails, or will within a day
    unknown,     ///< no SMART, no permission, no answer: `reasons` says which
    sleeping     ///< it stands still, and was not woken
};
BOOST_DESCRIBE_ENUM(SmartHealth, healthy, warning, failing, unknown, sleeping)

struct SmartAttribute {
    int id = 0;
    std::string name;
    int value = 0, worst = 0, threshold = 0;
    std::int64_t rawValue = 0;
    std::string raw, whenFailed; ///< whenFailed: empty, now or past
};
BOOST_DESCRIBE_STRUCT(SmartAttribute, (), (id, name, value, worst, threshold, rawValue, raw, whenFailed))

struct SmartTest {
    std::string type, status;
    std::optional<bool> passed;
    std::optional<std::int64_t> atHours; ///< of the disk's life
};
BOOST_DESCRIBE_STRUCT(SmartTest, (), (type, status, passed, atHours))

/// What only ever grows on a disk that wears out.
struct SmartCounters {
    std::optional<std::int64_t> reallocated, pending, uncorrectable, reportedUncorrect, crcErrors, mediaErrors, usedPercent;
};
BOOST_DESCRIBE_STRUCT(SmartCounters, (),
                      (reallocated, pending, uncorrectable, reportedUncorrect, crcErrors, mediaErrors, usedPercent))

struct SmartDevice {
    std::string device, type; ///< "/dev/sda"; as smartctl's -d, and as it has found out: sat, nvme, scsi …
    std::string model, serial, firmware;
    SmartHealth health = SmartHealth::unknown;
    std::vector<std::string> reasons; ///< of not being healthy, and what else is worth knowing
    std::optional<bool> smartSupported;
    std::optional<double> temperature; ///< °C
    std::optional<std::int64_t> powerOnHours, capacityBytes;
    SmartCounters counters;
    std::vector<SmartAttribute> attributes; ///< of ATA disks
    std::vector<SmartTest> selfTests;       ///< the newest first
    std::string checkedAt;
};
BOOST_DESCRIBE_STRUCT(SmartDevice, (),
                      (device, type, model, serial, firmware, health, reasons, smartSupported, temperature, powerOnHours,
                       capacityBytes, counters, attributes, selfTests, checkedAt))

/// name begins with "/dev/".
struct ScannedDevice {
    std::string name, type;
};

/// Throws BadUpstream if it is no JSON of smartctl's.
std::vector<ScannedDevice> parseScan(std::string_view json);
SmartDevice parseSmart(const ScannedDevice&, int exitCode, std::string_view json);

/// Whether the smartctl of this answer knows self-tests of NVMe disks: before 7.4 it ignores -t for them, and ends with 0.
/// Throws BadUpstream.
bool beginsNvmeTests(std::string_view json);

/// What has grown since an earlier reading, as sentences; empty: nothing.
std::vector<std::string> grown(const SmartCounters& before, const SmartCounters& now);

} // namespace talome::system

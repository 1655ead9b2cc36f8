// Shapes that several parts of /api/storage answer with.
#pragma once

#include "storage/smart_reader.hpp"

namespace talome::system {

/// A disk of the list, without what only its own page shows.
struct SmartBrief {
    std::string device, type, model, serial;
    SmartHealth health = SmartHealth::unknown;
    std::vector<std::string> reasons;
    std::optional<bool> smartSupported;
    std::optional<double> temperature;
    std::optional<std::int64_t> powerOnHours, capacityBytes, usedPercent;
    std::string checkedAt;
};
BOOST_DESCRIBE_STRUCT(SmartBrief, (),
                      (device, type, model, serial, health, reasons, smartSupported, temperature, powerOnHours,
                       capacityBytes, usedPercent, checkedAt))

struct SmartList {
    bool available = false;
    std::optional<std::string> reason; ///< why it is not available, or not read yet
    std::vector<SmartBrief> devices;
};
BOOST_DESCRIBE_STRUCT(SmartList, (), (available, reason, devices))

inline SmartList smartList(const SmartState& state) {
    SmartList list{state.available, {}, {}};
    if (!state.read) list.reason = "the disks are being asked";
    if (state.read && !state.available) list.reason = state.reason;
    for (const SmartDevice& d : state.devices)
        list.devices.push_back({d.device, d.type, d.model, d.serial, d.health, d.reasons, d.smartSupported, d.temperature,
                                d.powerOnHours, d.capacityBytes, d.counters.usedPercent, d.checkedAt});
    return list;
}

struct ReclaimCategory {
    std::string type;
    std::int64_t totalCount = 0;
    std::uint64_t reclaimableBytes = 0;
};
BOOST_DESCRIBE_STRUCT(ReclaimCategory, (), (type, totalCount, reclaimableBytes))

struct ReclaimSummary {
    std::vector<ReclaimCategory> categories;
    std::uint64_t totalReclaimableBytes = 0;
    std::optional<std::string> filesReason, dockerReason; ///< why files, or Docker's part, are missing
};
BOOST_DESCRIBE_STRUCT(ReclaimSummary, (), (categories, totalReclaimableBytes, filesReason, dockerReason))

} // namespace talome::system

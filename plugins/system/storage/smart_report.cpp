#include "storage/smart_report.hpp"

#include <algorithm>
#include <array>

namespace talome::system {

namespace {

namespace json = boost::json;

// Of the exit code, smartctl(8).
constexpr int kBadArguments = 1, kNotOpened = 2, kFailingNow = 8, kPrefailNow = 16, kThresholdPast = 32, kErrorLog = 64,
              kTestErrors = 128;

/// A value by its path, null if there is none.
const json::value* at(const json::value& from, std::initializer_list<std::string_view> path) {
    const json::value* value = &from;
    for (const auto key : path) {
        const auto* object = value->if_object();
        value = object ? object->if_contains(json::string_view(key.data(), key.size())) : nullptr;
        if (!value) return nullptr;
    }
    return value;
}

std::string textAt(const json::value& from, std::initializer_list<std::string_view> path) {
    const auto* value = at(from, path);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::int64_t> numberAt(const json::value& from, std::initializer_list<std::string_view> path) {
    const auto* value = at(from, path);
    if (!value || !value->is_number()) return std::nullopt;
    json::error_code error;
    const auto number = value->to_number<std::int64_t>(error);
    if (error) return std::nullopt; // above 2^63, as vendors' raw values may be
    return number;
}

std::optional<bool> boolAt(const json::value& from, std::initializer_list<std::string_view> path) {
    const auto* value = at(from, path);
    if (!value || !value->is_bool()) return std::nullopt;
    return value->get_bool();
}

const json::array& listAt(const json::value& from, std::initializer_list<std::string_view> path) {
    static const json::array kNone;
    const auto* value = at(from, path);
    return value && value->is_array() ? value->get_array() : kNone;
}

json::value parsed(std::string_view text) {
    json::error_code error;
    auto value = json::parse(json::string_view(text.data(), text.size()), error);
    if (error || !at(value, {"smartctl"})) throw BadUpstream("smartctl has not answered with JSON; version 7 or newer is needed");
    return value;
}

/// The worst that has been said counts.
void atLeast(SmartDevice& device, SmartHealth health, std::string reason) {
    const auto rank = [](SmartHealth h) { return h == SmartHealth::failing ? 2 : h == SmartHealth::warning ? 1 : 0; };
    if (rank(health) > rank(device.health)) device.health = health;
    device.reasons.push_back(std::move(reason));
}

void readAttributes(SmartDevice& device, const json::value& report) {
    for (const auto& each : listAt(report, {"ata_smart_attributes", "table"})) {
        SmartAttribute one;
        one.id = static_cast<int>(numberAt(each, {"id"}).value_or(0));
        one.name = textAt(each, {"name"});
        one.value = static_cast<int>(numberAt(each, {"value"}).value_or(0));
        one.worst = static_cast<int>(numberAt(each, {"worst"}).value_or(0));
        one.threshold = static_cast<int>(numberAt(each, {"thresh"}).value_or(0));
        one.rawValue = numberAt(each, {"raw", "value"}).value_or(0);
        one.raw = textAt(each, {"raw", "string"});
        one.whenFailed = textAt(each, {"when_failed"});
        if (one.id == 5) device.counters.reallocated = one.rawValue;
        if (one.id == 187) device.counters.reportedUncorrect = one.rawValue;
        if (one.id == 197) device.counters.pending = one.rawValue;
        if (one.id == 198) device.counters.uncorrectable = one.rawValue;
        if (one.id == 199) device.counters.crcErrors = one.rawValue;
        // Wear of SSDs: what is left, from 100 down.
        const bool wear = one.id == 177 || one.id == 202 || one.id == 231 || one.id == 233;
        if (wear && !device.counters.usedPercent && one.value >= 0 && one.value <= 100 &&
            numberAt(report, {"rotation_rate"}).value_or(0) == 0)
            device.counters.usedPercent = 100 - one.value;
        device.attributes.push_back(std::move(one));
    }
    if (const auto used = numberAt(report, {"endurance_used", "current_percent"})) device.counters.usedPercent = used;
}

void judgeAta(SmartDevice& device, int exitCode) {
    const auto count = [&](const std::optional<std::int64_t>& n, const char* what) {
        if (n && *n > 0) atLeast(device, SmartHealth::warning, std::to_string(*n) + " " + what);
    };
    count(device.counters.reallocated, "sectors have been replaced");
    count(device.counters.pending, "sectors wait to be replaced");
    count(device.counters.uncorrectable, "sectors cannot be read");
    count(device.counters.reportedUncorrect, "errors could not be corrected");
    if (device.counters.crcErrors.value_or(0) > 0)
        device.reasons.push_back(std::to_string(*device.counters.crcErrors) + " transfers had errors: look at the cable");
    for (const SmartAttribute& each : device.attributes) {
        if (each.whenFailed == "now") atLeast(device, SmartHealth::failing, each.name + " is below its threshold");
        if (each.whenFailed == "past") atLeast(device, SmartHealth::warning, each.name + " has been below its threshold");
    }
    if ((exitCode & kPrefailNow) && device.health != SmartHealth::failing)
        atLeast(device, SmartHealth::failing, "an attribute that foretells failure is below its threshold");
    if ((exitCode & kThresholdPast) && device.health == SmartHealth::healthy)
        atLeast(device, SmartHealth::warning, "an attribute is or was below its threshold");
}

void readNvme(SmartDevice& device, const json::value& report) {
    const auto* log = at(report, {"nvme_smart_health_information_log"});
    if (!log) return;
    constexpr std::array<std::pair<int, const char*>, 6> kWarnings = {
        std::pair(1, "the spare space is used up"), std::pair(4, "it is no longer reliable"),
        std::pair(8, "it can only be read any more"), std::pair(16, "its volatile memory backup has failed"),
        std::pair(32, "its persistent memory can only be read"), std::pair(2, "its temperature is outside of the limits")};
    const auto critical = numberAt(*log, {"critical_warning"}).value_or(0);
    for (const auto& [bit, words] : kWarnings)
        if (critical & bit) atLeast(device, bit == 2 ? SmartHealth::warning : SmartHealth::failing, words);
    device.counters.usedPercent = numberAt(*log, {"percentage_used"});
    device.counters.mediaErrors = numberAt(*log, {"media_errors"});
    if (device.counters.mediaErrors.value_or(0) > 0)
        atLeast(device, SmartHealth::warning, std::to_string(*device.counters.mediaErrors) + " errors of the medium");
    const auto spare = numberAt(*log, {"available_spare"}), least = numberAt(*log, {"available_spare_threshold"});
    if (spare && least && *spare < *least && !(critical & 1))
        atLeast(device, SmartHealth::failing, "only " + std::to_string(*spare) + " % of the spare space is left");
    if (!device.temperature)
        if (const auto celsius = numberAt(*log, {"temperature"})) device.temperature = static_cast<double>(*celsius);
    if (!device.powerOnHours) device.powerOnHours = numberAt(*log, {"power_on_hours"});
}

void readTests(SmartDevice& device, const json::value& report) {
    for (const auto* list : {&listAt(report, {"ata_smart_self_test_log", "standard", "table"}),
                             &listAt(report, {"ata_smart_self_test_log", "extended", "table"}),
                             &listAt(report, {"nvme_self_test_log", "table"})})
        for (const auto& each : *list) {
            if (device.selfTests.size() >= 20) return;
            const bool nvme = at(each, {"self_test_code"}) != nullptr;
            SmartTest test;
            test.type = nvme ? textAt(each, {"self_test_code", "string"}) : textAt(each, {"type", "string"});
            test.status = nvme ? textAt(each, {"self_test_result", "string"}) : textAt(each, {"status", "string"});
            test.passed = boolAt(each, {"status", "passed"});
            test.atHours = nvme ? numberAt(each, {"power_on_hours"}) : numberAt(each, {"lifetime_hours"});
            device.selfTests.push_back(std::move(test));
        }
}

/// smartctl's own words of why; empty if it has none.
std::string messages(const json::value& report) {
    std::string text;
    for (const auto& each : listAt(report, {"smartctl", "messages"})) text += (text.empty() ? "" : "; ") + textAt(each, {"string"});
    return text;
}

bool sleeps(const std::string& words) {
    return words.find("in STANDBY") != std::string::npos || words.find("in SLEEP") != std::string::npos;
}

} // namespace

std::vector<ScannedDevice> parseScan(std::string_view text) {
    std::vector<ScannedDevice> devices;
    const auto report = parsed(text);
    for (const auto& each : listAt(report, {"devices"})) {
        ScannedDevice one{textAt(each, {"name"}), textAt(each, {"type"})};
        if (one.name.starts_with("/dev/") && !one.type.empty()) devices.push_back(std::move(one));
    }
    return devices;
}

SmartDevice parseSmart(const ScannedDevice& which, int exitCode, std::string_view text) {
    const auto report = parsed(text);
    SmartDevice device;
    device.device = which.name;
    // A scan opens no disk and calls all SATA disks scsi: what it is, only its own answer says.
    device.type = textAt(report, {"device", "type"});
    if (device.type.empty()) device.type = which.type;
    device.model = textAt(report, {"model_name"});
    if (device.model.empty()) device.model = textAt(report, {"scsi_model_name"});
    device.serial = textAt(report, {"serial_number"});
    device.firmware = textAt(report, {"firmware_version"});
    device.smartSupported = boolAt(report, {"smart_support", "available"});
    device.capacityBytes = numberAt(report, {"user_capacity", "bytes"});
    device.powerOnHours = numberAt(report, {"power_on_time", "hours"});
    // A SCSI disk that measures no temperature has 0 °C here, with a limit of 0 °C.
    const auto celsius = numberAt(report, {"temperature", "current"});
    const bool measured = celsius != 0 || numberAt(report, {"scsi_temperature", "drive_trip"}) != 0;
    if (celsius && measured) device.temperature = static_cast<double>(*celsius);
    const std::string words = messages(report);
    if (sleeps(words)) {
        device.health = SmartHealth::sleeping;
        device.reasons.push_back("it stands still, and was not woken to be asked");
        return device;
    }
    if (exitCode & (kBadArguments | kNotOpened)) {
        device.reasons.push_back(words.empty() ? "smartctl could not open it" : words);
        return device;
    }
    if (device.smartSupported == false) {
        device.reasons.push_back("it has no SMART");
        return device;
    }
    if (boolAt(report, {"smart_support", "enabled"}) == false) {
        device.reasons.push_back("SMART is switched off: smartctl -s on " + which.name);
        return device;
    }
    const auto passed = boolAt(report, {"smart_status", "passed"});
    if (passed) device.health = SmartHealth::healthy;
    readAttributes(device, report);
    readNvme(device, report);
    readTests(device, report);
    if (passed == false || (exitCode & kFailingNow))
        atLeast(device, SmartHealth::failing, "it says itself that it fails");
    judgeAta(device, exitCode);
    if (const auto defects = numberAt(report, {"scsi_grown_defect_list"}); defects && *defects > 0)
        atLeast(device, SmartHealth::warning, std::to_string(*defects) + " sectors have been replaced");
    if (device.counters.usedPercent.value_or(0) >= 90)
        atLeast(device, SmartHealth::warning, std::to_string(*device.counters.usedPercent) + " % of what it can write has been written");
    if (exitCode & kTestErrors) atLeast(device, SmartHealth::warning, "a self-test has found errors");
    if (exitCode & kErrorLog) device.reasons.push_back("its log holds errors");
    if (!passed && device.health == SmartHealth::unknown) {
        const bool silent = device.model.empty() && device.serial.empty() && !device.smartSupported;
        device.reasons.push_back(!words.empty() ? words
                                 : silent       ? "it was opened and has said nothing: smartctl needs CAP_SYS_RAWIO to ask it"
                                                : "it does not say how it is, as USB bridges and virtual disks do not");
    }
    return device;
}

bool beginsNvmeTests(std::string_view text) {
    const auto report = parsed(text);
    std::array<std::int64_t, 2> version{};
    const auto& list = listAt(report, {"smartctl", "version"});
    for (std::size_t i = 0; i < version.size() && i < list.size(); ++i)
        version[i] = list[i].is_int64() ? list[i].get_int64() : 0;
    return version >= std::array<std::int64_t, 2>{7, 4};
}

std::vector<std::string> grown(const SmartCounters& before, const SmartCounters& now) {
    std::vector<std::string> sentences;
    const auto one = [&](const std::optional<std::int64_t>& a, const std::optional<std::int64_t>& b, const char* what) {
        if (a && b && *b > *a) sentences.push_back(std::string(what) + " have grown from " + std::to_string(*a) + " to " + std::to_string(*b));
    };
    one(before.reallocated, now.reallocated, "replaced sectors");
    one(before.pending, now.pending, "sectors that wait to be replaced");
    one(before.uncorrectable, now.uncorrectable, "unreadable sectors");
    one(before.reportedUncorrect, now.reportedUncorrect, "uncorrected errors");
    one(before.crcErrors, now.crcErrors, "transfer errors");
    one(before.mediaErrors, now.mediaErrors, "errors of the medium");
    return sentences;
}

} // namespace talome::system

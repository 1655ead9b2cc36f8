// Answers of smartctl, see smart/README.md.
#include "storage/smart_report.hpp"
#include "tree.hpp"

#include <sstream>

using namespace talome::system;

namespace {

std::string answer(const std::string& name) {
    std::ifstream file(std::string(SYSTEM_TEST_DATA) + "/smart/" + name + ".json");
    REQUIRE(file);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}
SmartDevice read(const std::string& name, int exitCode, const std::string& type = "sat") {
    return parseSmart({"/dev/x", type}, exitCode, answer(name));
}
bool says(const SmartDevice& device, std::string_view words) {
    for (const auto& each : device.reasons)
        if (each.find(words) != std::string::npos) return true;
    return false;
}

} // namespace

TEST_SUITE("system::smart") {
    TEST_CASE("the scan") {
        const auto devices = parseScan(answer("scan"));
        REQUIRE(devices.size() == 9);
        CHECK(devices[0].name == "/dev/sda");
        CHECK(devices[4].type == "nvme");
        CHECK_THROWS_AS(parseScan("smartctl 6.5 2016-01-24"), talome::BadUpstream);
        CHECK_THROWS_AS(parseScan("{}"), talome::BadUpstream);
    }
    TEST_CASE("a healthy disk") {
        const auto d = read("ata_healthy", 0);
        CHECK(d.health == SmartHealth::healthy);
        CHECK(d.reasons.empty());
        CHECK(d.model == "WDC WD40EFRX-68N32N0");
        CHECK(d.temperature == 31);
        CHECK(d.powerOnHours == 35123);
        CHECK(d.capacityBytes == 4000787030016);
        CHECK(d.attributes.size() == 8);
        CHECK(d.selfTests.at(0).passed == true);
        CHECK(d.counters.reallocated == 0);
        CHECK_FALSE(d.counters.usedPercent);
    }
    TEST_CASE("a failing one is shown, though the exit code is not 0") {
        const auto d = read("ata_failing", 8 | 16 | 64 | 128);
        CHECK(d.health == SmartHealth::failing);
        CHECK(says(d, "Reallocated_Sector_Ct is below its threshold"));
        CHECK(says(d, "312 sectors wait"));
        CHECK(says(d, "self-test has found errors"));
        CHECK(d.selfTests.at(0).passed == false);
        CHECK(d.model == "WDC WD40EFRX-68N32N0");
    }
    TEST_CASE("one that begins to fail: its own verdict is still good") {
        const auto d = read("ata_warning", 64);
        CHECK(d.health == SmartHealth::warning);
        CHECK(says(d, "3 sectors wait"));
        CHECK(says(d, "cable"));
        CHECK(says(d, "log holds errors"));
    }
    TEST_CASE("the exit code alone is heard, too") {
        CHECK(read("ata_healthy", 8).health == SmartHealth::failing);
        CHECK(read("ata_healthy", 16).health == SmartHealth::failing);
        CHECK(read("ata_healthy", 32).health == SmartHealth::warning);
        CHECK(read("ata_healthy", 64).health == SmartHealth::healthy);
        CHECK(read("ata_healthy", 128).health == SmartHealth::warning);
        CHECK(read("ata_healthy", 4).health == SmartHealth::healthy);
    }
    TEST_CASE("sleeping, without SMART, without permission, behind a bridge: all told apart, and none is failing") {
        CHECK(read("ata_standby", 2).health == SmartHealth::sleeping);
        const auto none = read("no_smart", 4, "scsi");
        CHECK(none.health == SmartHealth::unknown);
        CHECK(none.smartSupported == false);
        CHECK(says(none, "has no SMART"));
        const auto denied = read("not_permitted", 2);
        CHECK(denied.health == SmartHealth::unknown);
        CHECK(says(denied, "Permission denied"));
        const auto bridge = read("usb_no_status", 4);
        CHECK(bridge.health == SmartHealth::unknown);
        CHECK(says(bridge, "SMART Status command failed"));
    }
    TEST_CASE("NVMe") {
        const auto well = read("nvme_healthy", 0, "nvme");
        CHECK(well.health == SmartHealth::healthy);
        CHECK(well.counters.usedPercent == 4);
        CHECK(well.temperature == 38);
        CHECK(well.powerOnHours == 8123);
        CHECK(well.selfTests.at(0).status == "Completed without error");
        const auto ill = read("nvme_failing", 8, "nvme");
        CHECK(ill.health == SmartHealth::failing);
        CHECK(says(ill, "spare space is used up"));
        CHECK(says(ill, "no longer reliable"));
        CHECK(says(ill, "77 errors of the medium"));
        CHECK(says(ill, "112 %"));
    }
    TEST_CASE("what has grown") {
        CHECK(grown({}, {}).empty());
        SmartCounters before, now;
        before.reallocated = 0, now.reallocated = 8;
        before.crcErrors = 5, now.crcErrors = 5;
        now.pending = 3;
        REQUIRE(grown(before, now).size() == 1);
        CHECK(grown(before, now)[0] == "replaced sectors have grown from 0 to 8");
    }
    TEST_CASE("nonsense is refused, and fields of other types are no crash") {
        CHECK_THROWS_AS(parseSmart({"/dev/x", "sat"}, 0, "[1,2"), talome::BadUpstream);
        const auto d = parseSmart({"/dev/x", "sat"}, 0, R"({"smartctl":{"messages":7},"smart_status":{"passed":"yes"},"temperature":5,"ata_smart_attributes":{"table":[1,{"id":"x","raw":{"value":1e300}},{"id":5,"raw":{"value":18446744073709551615}}]}})");
        CHECK(d.health == SmartHealth::unknown);
    }
}

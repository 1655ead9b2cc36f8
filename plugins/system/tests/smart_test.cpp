// Answers of smartctl, see smart/README.md.
#include "smart_service/request.hpp"
#include "storage/smart_report.hpp"
#include "tree.hpp"

#include <sstream>

using namespace talome::system;

namespace {

std::string answer(const std::string& name, const std::string& ending = ".json") {
    std::ifstream file(std::string(SYSTEM_TEST_DATA) + "/smart/" + name + ending);
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
    TEST_CASE("recorded: a scan, as JSON and as text") {
        const auto devices = parseScan(answer("qemu_scan"));
        const auto lines = talome::smart::parseScan(answer("qemu_scan", ".txt"));
        REQUIRE(devices.size() == 4);
        REQUIRE(lines.size() == 4);
        for (std::size_t i = 0; i < devices.size(); ++i) {
            CHECK(devices[i].name == lines[i].name);
            CHECK(devices[i].type == lines[i].type);
        }
        CHECK(devices[0].name == "/dev/sda");
        CHECK(devices[0].type == "scsi"); // though it is a SATA disk
        CHECK(devices[2].name == "/dev/nvme0");
        CHECK(devices[2].type == "nvme");
    }
    TEST_CASE("recorded: a SATA disk, after a short self-test") {
        const auto d = read("qemu_ata", 0, "scsi");
        CHECK(d.type == "sat");
        CHECK(d.health == SmartHealth::healthy);
        CHECK(d.reasons.empty());
        CHECK(d.smartSupported == true);
        CHECK(d.model == "QEMU HARDDISK");
        CHECK(d.serial == "QATA0001");
        CHECK(d.firmware == "2.5+");
        CHECK(d.temperature == 31); // of attribute 190, whose raw value is 522125343
        CHECK(d.powerOnHours == 1);
        CHECK(d.capacityBytes == 64 << 20);
        REQUIRE(d.attributes.size() == 7);
        CHECK(d.attributes[6].raw == "31 (Min/Max 31/31)");
        CHECK(d.attributes[6].threshold == 50);
        CHECK(d.counters.reallocated == 0);
        CHECK_FALSE(d.counters.pending);
        CHECK_FALSE(d.counters.usedPercent);
        REQUIRE(d.selfTests.size() == 1);
        CHECK(d.selfTests[0].type == "Short offline");
        CHECK(d.selfTests[0].passed == true);
        CHECK(d.selfTests[0].atHours == 4660);
    }
    TEST_CASE("recorded: NVMe disks, a good one and one that warns of itself") {
        const auto well = read("qemu_nvme", 0, "nvme");
        CHECK(well.type == "nvme");
        CHECK(well.health == SmartHealth::healthy);
        CHECK(well.reasons.empty()); // 0 % of spare space are left, and 0 % are enough for it
        CHECK(well.model == "QEMU NVMe Ctrl");
        CHECK(well.serial == "QNVME0001");
        CHECK(well.temperature == 50);
        CHECK(well.powerOnHours == 0);
        CHECK(well.counters.usedPercent == 0);
        CHECK(well.counters.mediaErrors == 0);
        CHECK_FALSE(well.capacityBytes);
        CHECK(well.selfTests.empty());
        const auto ill = read("qemu_nvme_failing", 8, "nvme");
        CHECK(ill.health == SmartHealth::failing);
        CHECK(ill.reasons.size() == 3);
        CHECK(says(ill, "spare space is used up"));
        CHECK(says(ill, "no longer reliable"));
        CHECK(says(ill, "says itself that it fails"));
    }
    TEST_CASE("recorded: disks that do not say how they are") {
        const auto scsi = read("qemu_scsi", 4, "scsi");
        CHECK(scsi.health == SmartHealth::unknown);
        CHECK(scsi.smartSupported == false);
        CHECK(scsi.model == "QEMU QEMU HARDDISK");
        CHECK_FALSE(scsi.temperature); // smartctl says 0 °C
        const auto off = read("qemu_ata_off", 4, "scsi");
        CHECK(off.health == SmartHealth::unknown);
        CHECK(off.serial == "QATA0001");
        CHECK(says(off, "does not say how it is"));
        const auto denied = read("qemu_ata_denied", 2, "scsi");
        CHECK(denied.health == SmartHealth::unknown);
        CHECK(says(denied, "Permission denied"));
        const auto admin = read("qemu_nvme_no_admin", 2, "nvme");
        CHECK(admin.health == SmartHealth::unknown);
        CHECK(says(admin, "NVME_IOCTL_ADMIN_CMD: Permission denied"));
        const auto rawio = read("qemu_ata_no_rawio", 0, "scsi"); // exit code 0, and no word of why
        CHECK(rawio.health == SmartHealth::unknown);
        CHECK(says(rawio, "CAP_SYS_RAWIO"));
    }
    TEST_CASE("a self-test of an NVMe disk: ignored by smartctl before 7.4, with exit code 0") {
        CHECK_FALSE(beginsNvmeTests(answer("qemu_nvme_test")));
        CHECK(beginsNvmeTests(R"({"smartctl":{"version":[7,4]}})"));
        CHECK(beginsNvmeTests(R"({"smartctl":{"version":[8,0]}})"));
        CHECK_FALSE(beginsNvmeTests(R"({"smartctl":{"version":["7",{}]}})"));
        CHECK_THROWS_AS(beginsNvmeTests("smartctl 7.4"), talome::BadUpstream);
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

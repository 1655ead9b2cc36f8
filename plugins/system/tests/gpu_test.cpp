// Made trees of /sys and /proc, with the files that the drivers have; there is no real card to read here.
#include "gpu/gpu.hpp"
#include "tree.hpp"

#include <thread>

using namespace talome::system;

namespace {

/// A PCI device with a driver.
std::string device(Tree& t, const std::string& address, const char* vendor, const char* id, const char* kind, const char* driver) {
    const std::string folder = "sys/bus/pci/devices/" + address + "/";
    t.file(folder + "class", std::string(kind) + "\n").file(folder + "vendor", std::string(vendor) + "\n").file(folder + "device", std::string(id) + "\n");
    if (*driver) t.link(folder + "driver", std::string("../../../../bus/pci/drivers/") + driver);
    return folder;
}
std::vector<Gpu> read(const Tree& t) { return GpuReader({t.path("proc"), t.path("sys"), "", false}).read(); }

} // namespace

TEST_SUITE("system::gpu") {
    TEST_CASE("a machine without one") {
        Tree t;
        CHECK(read(t).empty());
        device(t, "0000:00:1f.6", "0x8086", "0x15f9", "0x020000", "e1000e");        // a network card
        device(t, "0000:00:02.0", "0x1234", "0x1111", "0x030000", "bochs-drm");     // an emulated screen
        CHECK(read(t).empty());
    }
    TEST_CASE("AMD: everything is in sysfs") {
        Tree t;
        const auto d = device(t, "0000:0b:00.0", "0x1002", "0x73bf", "0x030000", "amdgpu");
        t.file(d + "product_name", "Radeon RX 6800 XT\n").file(d + "gpu_busy_percent", "37\n")
            .file(d + "mem_info_vram_total", "17163091968\n").file(d + "mem_info_vram_used", "4290772992\n")
            .file(d + "hwmon/hwmon3/temp1_input", "54000\n").file(d + "hwmon/hwmon3/power1_average", "120000000\n")
            .file(d + "hwmon/hwmon3/power1_cap", "255000000\n").folder(d + "drm/card0");
        const auto gpus = read(t);
        REQUIRE(gpus.size() == 1);
        const Gpu& g = gpus[0];
        CHECK(g.vendor == "amd");
        CHECK(g.name == "Radeon RX 6800 XT");
        CHECK(g.driver == "amdgpu");
        CHECK(g.utilizationPercent == 37);
        CHECK(g.vramTotalMB == doctest::Approx(16368).epsilon(0.001));
        CHECK(*g.vramPercent == doctest::Approx(25));
        CHECK(g.temperatureC == 54);
        CHECK(g.powerDrawW == 120);
        CHECK(g.powerLimitW == 255);
        CHECK(g.problem.empty());
    }
    TEST_CASE("Intel, i915: busy is what it was not idle between two looks") {
        Tree t;
        const auto d = device(t, "0000:00:02.0", "0x8086", "0x46a6", "0x030000", "i915");
        t.file(d + "drm/card0/gt/gt0/rc6_residency_ms", "100000\n").file(d + "drm/card0/gt/gt0/rps_act_freq_mhz", "1100\n");
        GpuReader reader({t.path("proc"), t.path("sys"), "", false});
        auto gpus = reader.read();
        REQUIRE(gpus.size() == 1);
        CHECK(gpus[0].vendor == "intel");
        CHECK(gpus[0].name == "intel 0x46a6");
        CHECK(gpus[0].frequencyMHz == 1100);
        CHECK_FALSE(gpus[0].utilizationPercent);
        std::this_thread::sleep_for(std::chrono::milliseconds(2100));
        t.file(d + "drm/card0/gt/gt0/rc6_residency_ms", "101050\n"); // half of the time
        gpus = reader.read();
        REQUIRE(gpus[0].utilizationPercent);
        CHECK(*gpus[0].utilizationPercent == doctest::Approx(50).epsilon(0.1));
    }
    TEST_CASE("Intel, xe: its own places") {
        Tree t;
        const auto d = device(t, "0000:03:00.0", "0x8086", "0x56a0", "0x030000", "xe");
        t.file(d + "tile0/gt0/freq0/act_freq", "2400\n").file(d + "tile0/gt0/gtidle/idle_residency_ms", "5\n").folder(d + "drm/card1");
        CHECK(read(t).at(0).frequencyMHz == 2400);
    }
    TEST_CASE("NVIDIA: found and named without its library, and said why there is no more") {
        Tree t;
        device(t, "0000:01:00.0", "0x10de", "0x2684", "0x030200", "nvidia"); // a card without a screen
        t.file("proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA GeForce RTX 4090\nIRQ: 1\n");
        const auto gpus = read(t);
        REQUIRE(gpus.size() == 1);
        CHECK(gpus[0].vendor == "nvidia");
        CHECK(gpus[0].name == "NVIDIA GeForce RTX 4090");
        CHECK(gpus[0].problem.find("libnvidia-ml") != std::string::npos);
    }
    TEST_CASE("another driver, and none") {
        Tree t;
        device(t, "0000:01:00.0", "0x10de", "0x1b80", "0x030000", "nouveau");
        device(t, "0000:02:00.0", "0x1002", "0x6798", "0x038000", "");
        const auto gpus = read(t);
        REQUIRE(gpus.size() == 2);
        CHECK(gpus[0].problem.find("nouveau") != std::string::npos);
        CHECK(gpus[1].problem == "no driver has the card");
    }
}

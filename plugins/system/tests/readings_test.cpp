#include "readings/counters.hpp"
#include "readings/machine.hpp"
#include "readings/processes.hpp"
#include "readings/rates.hpp"
#include "readings/temperature_watch.hpp"
#include "tree.hpp"

#include <atomic>
#include <future>

using namespace talome::system;
using namespace std::chrono_literals;

TEST_SUITE("system::readings") {
    TEST_CASE("processors: only the first lines count, guest time is not counted twice") {
        std::vector<CpuTimes> cores;
        const auto all = parseStat("cpu  100 5 20 800 40 1 2 3 50 6\ncpu0 60 5 10 400 20 1 1 1 50 6\ncpu1 40 0 10 400 20 0 1 2 0 0\nintr 999 1 2 3\ncpu9 1", cores);
        REQUIRE(all);
        CHECK(all->total() == 971);
        CHECK(cores.size() == 2);
        CHECK(cores[1].steal == 2);
        cores.clear();
        CHECK_FALSE(parseStat("", cores));
        CHECK_FALSE(parseStat("cpu  0 0 0 0\n", cores));
    }
    TEST_CASE("shares are of the time between; waiting for disks is no work") {
        const CpuTimes before{1000, 0, 1000, 5000, 0, 0, 0, 0}, now{1030, 10, 1020, 5120, 10, 0, 0, 10};
        const auto shares = sharesBetween(before, now);
        REQUIRE(shares);
        CHECK(shares->usage == doctest::Approx(35));
        CHECK(shares->user == doctest::Approx(20));
        CHECK(shares->system == doctest::Approx(10));
        CHECK(shares->iowait == doctest::Approx(5));
        CHECK(shares->steal == doctest::Approx(5));
        CHECK_FALSE(sharesBetween(now, now));
    }
    TEST_CASE("a counter that goes backwards is no spike, as iowait's may") {
        const auto shares = sharesBetween({100, 0, 0, 100, 50, 0, 0, 0}, {150, 0, 0, 150, 10, 0, 0, 0});
        REQUIRE(shares);
        CHECK(shares->usage == doctest::Approx(50));
    }
    TEST_CASE("memory: what is available, and its stand-in of old kernels") {
        const auto memory = parseMeminfo("MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 600 kB\nBuffers: 50 kB\nCached: 300 kB\nSwapTotal: 10 kB\nSwapFree: 4 kB\n");
        REQUIRE(memory);
        CHECK(memory->used() == 400 * 1024);
        CHECK(parseMeminfo("MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 300 kB\n")->available == 450 * 1024);
        CHECK_FALSE(parseMeminfo("nothing"));
    }
    TEST_CASE("interfaces: names that touch the colon, lo left out") {
        std::map<std::string, NetCounters, std::less<>> interfaces;
        parseNetDev("Inter-|   Receive\n face |bytes\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0:123 4 5 6 0 0 0 0 789 10 11 12 0 0 0 0\n", interfaces);
        REQUIRE(interfaces.size() == 1);
        const auto& eth0 = interfaces.at("eth0");
        CHECK(eth0.rxBytes == 123);
        CHECK(eth0.rxDropped == 6);
        CHECK(eth0.txBytes == 789);
        CHECK(eth0.txErrors == 11);
    }
    TEST_CASE("pressure") {
        const auto stall = parseStall("some avg10=1.50 avg60=0.25 avg300=0.00 total=9\nfull avg10=0.10 avg60=0.00 avg300=3.00 total=1\n");
        REQUIRE(stall);
        CHECK(stall->some10 == 1.5);
        CHECK(stall->full300 == 3);
        CHECK_FALSE(parseStall(""));
    }
    TEST_CASE("rates: new interfaces and wrapped counters count as no change") {
        Counters before, now;
        now.at = before.at + 2s;
        before.interfaces = {{"eth0", {1000, 0, 0, 0, 500, 0, 0, 0}}, {"eth1", {9000, 0, 0, 0, 9000, 0, 0, 0}}};
        now.interfaces = {{"eth0", {3000, 0, 0, 0, 600, 0, 0, 0}}, {"eth1", {10, 0, 0, 0, 10, 0, 0, 0}}, {"eth2", {70000, 0, 0, 0, 1, 0, 0, 0}}};
        before.disks = {{"sda", {0, 0, 0, 0, 100}}};
        now.disks = {{"sda", {0, 4096, 0, 8192, 1100}}, {"sdb", {0, 1 << 30, 0, 0, 0}}};
        const Rates rates = ratesBetween(before, now);
        CHECK(rates.interfaces[0].rxBytesPerSec == 1000);
        CHECK(rates.interfaces[0].txBytesPerSec == 50);
        CHECK(rates.interfaces[1].rxBytesPerSec == 0);
        CHECK(rates.interfaces[2].rxBytesPerSec == 0);
        CHECK(rates.disks.readBytesPerSec == 2048);
        CHECK(rates.disks.busyPercent == doctest::Approx(50));
    }
    TEST_CASE("what containers send is not counted twice") {
        Tree sys;
        sys.file("class/net/enp3s0/device/x", "").folder("class/net/docker0").folder("class/net/vethab").folder("class/net/bond0");
        const std::map<std::string, NetCounters, std::less<>> all = {{"enp3s0", {}}, {"docker0", {}}, {"vethab", {}}, {"bond0", {}}};
        CHECK(CountedInterfaces(sys.path(), {}).among(all) == std::set<std::string, std::less<>>{"enp3s0"});
        CHECK(CountedInterfaces(sys.path(), {"bond0"}).among(all) == std::set<std::string, std::less<>>{"bond0"});
        CHECK(CountedInterfaces(sys.path(), {}).among({{"eth0", {}}, {"docker0", {}}}) == std::set<std::string, std::less<>>{"eth0"});
    }
    TEST_CASE("a whole reading from other trees; partitions, loops and arrays' members do not count twice") {
        Tree t;
        t.file("proc/stat", "cpu  1 2 3 4 5 6 7 8 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\nbtime 1700000000\n")
            .file("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 600 kB\n")
            .file("proc/1/net/dev", "a\nb\n eth0: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n")
            .file("proc/diskstats", "8 0 sda 10 0 100 0 20 0 200 0 0 30 0\n8 1 sda1 10 0 100 0 20 0 200 0 0 30 0\n"
                                    "7 0 loop0 1 0 1 0 1 0 1 0 0 1 0\n9 0 md0 5 0 50 0 5 0 50 0 0 5 0\n")
            .file("proc/loadavg", "0.50 1.25 2.00 1/100 999\n").file("proc/uptime", "123.45 100.00\n")
            .file("proc/sys/kernel/hostname", "attic\n").file("proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU\n\nprocessor\t: 1\nmodel name\t: Some CPU\n")
            .folder("sys/block/sda/slaves").folder("sys/block/loop0").folder("sys/block/md0/slaves/sda");
        Source source{t.path("proc"), t.path("sys"), "", false};
        const auto counters = CounterReader(source).read();
        CHECK(counters->cpu->total() == 36);
        CHECK(counters->interfaces.at("eth0").txBytes == 2);
        CHECK(counters->disks.size() == 1);
        CHECK(counters->disks.at("sda").writtenBytes == 200 * 512);
        CHECK(counters->load[1] == 1.25);
        CHECK(counters->uptime == doctest::Approx(123.45));
        const auto machine = readMachine(source);
        CHECK(machine.hostname == "attic");
        CHECK(machine.cpuModel == "Some CPU");
        CHECK(machine.cores == 2);
        CHECK(machine.bootedAtMs == 1'700'000'000'000);
    }
    TEST_CASE("nothing at all is no crash") {
        Tree t;
        const auto counters = CounterReader({t.path("proc"), t.path("sys"), "", false}).read();
        CHECK_FALSE(counters->cpu);
        CHECK_FALSE(counters->memory);
        CHECK(readTemperatures(t.path("sys"), Chips::others).empty());
    }
    TEST_CASE("temperatures: sensors that are not connected are left out, the processor's is found") {
        Tree t;
        t.file("class/hwmon/hwmon0/name", "nvme\n").file("class/hwmon/hwmon0/temp1_input", "38850\n").file("class/hwmon/hwmon0/temp1_crit", "84850\n")
            .file("class/hwmon/hwmon1/name", "coretemp\n").file("class/hwmon/hwmon1/temp1_input", "51000\n").file("class/hwmon/hwmon1/temp1_label", "Package id 0\n")
            .file("class/hwmon/hwmon2/name", "nct6775\n").file("class/hwmon/hwmon2/temp3_input", "-62000\n");
        const auto found = readTemperatures(t.path(), Chips::others);
        CHECK(found.size() == 2);
        CHECK(found[0].critical == 84.85);
        CHECK(cpuTemperature(found) == 51.0);
        CHECK(cpuTemperature({{"nvme", "temp1", 40, {}, "nvme"}}) == std::nullopt);
    }
    TEST_CASE("two chips of one name are told apart by their devices, and two sensors of one label as well") {
        Tree t;
        for (const std::string n : {"0", "1"})
            t.file("class/hwmon/hwmon" + n + "/name", "nvme\n").file("class/hwmon/hwmon" + n + "/temp1_input", "38000\n")
                .file("class/hwmon/hwmon" + n + "/temp1_label", "Composite\n").folder("devices/nvme" + n)
                .link("class/hwmon/hwmon" + n + "/device", "../../../devices/nvme" + n);
        for (const std::string n : {"2", "3"}) t.file("class/hwmon/hwmon" + n + "/name", "odd\n").file("class/hwmon/hwmon" + n + "/temp1_input", "38000\n");
        t.file("class/hwmon/hwmon3/temp1_label", "Same\n").file("class/hwmon/hwmon3/temp2_input", "1000\n").file("class/hwmon/hwmon3/temp2_label", "Same\n");
        t.file("class/hwmon/hwmon4/name", "drivetemp\n").file("class/hwmon/hwmon4/temp1_input", "30000\n");
        std::vector<std::string> names;
        for (const auto& each : readTemperatures(t.path(), Chips::others)) names.push_back(each.chip + " " + each.label);
        CHECK(names == std::vector<std::string>{"nvme-nvme0 Composite", "nvme-nvme1 Composite", "odd temp1", "odd-hwmon3 Same", "odd-hwmon3 Same temp2"});
        const auto disks = readTemperatures(t.path(), Chips::disks);
        REQUIRE(disks.size() == 1);
        CHECK(disks[0].driver == "drivetemp");
    }
    TEST_CASE("a disk that keeps its temperature to itself holds up no other chip") {
        std::promise<void> answers;
        std::atomic<int> asked = 0;
        const auto released = answers.get_future().share();
        {
            TemperatureWatch watch([&, released](Chips chips) {
                ++asked;
                if (chips == Chips::others) return std::vector<Temperature>{{"k10temp", "Tctl", 50, {}, "k10temp"}};
                released.wait();
                return std::vector<Temperature>{{"drivetemp", "temp1", 30, {}, "drivetemp"}};
            });
            std::vector<Temperature> seen;
            while (seen.empty()) seen = watch.look(10ms);
            CHECK(seen.size() == 1);
            for (int i = 0; i < 5; ++i) watch.look();
            CHECK(asked == 2); // neither is old, and the one that waits is not asked again
            answers.set_value();
            while (seen.size() < 2) seen = watch.look(10ms);
            CHECK(seen[1].chip == "drivetemp");
            CHECK(asked == 2);
        }
    }
    TEST_CASE("a process may be named anything") {
        const auto reading = parseProcess("42 (a) b (c)) S 1 42 42 0 -1 4194304 100 0 0 0 7 3 0 0 20 0 5 0 1234 9999 10 18446744073709551615\n");
        REQUIRE(reading);
        CHECK(reading->name == "a) b (c)");
        CHECK(reading->parent == 1);
        CHECK(reading->cpuTicks == 10);
        CHECK(reading->threads == 5);
        CHECK(reading->startedTicks == 1234);
        CHECK(reading->residentBytes == 10 * 4096);
        CHECK_FALSE(parseProcess("42 (x)"));
        CHECK_FALSE(parseProcess(""));
    }
}

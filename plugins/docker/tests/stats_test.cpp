// Readings from the kernel's files and from the engine, and what is made of two of them.
#include "containers/cgroup_files.hpp"
#include "containers/usage_math.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace talome::docker;
using namespace std::chrono_literals;

namespace {

const std::string kId(64, 'a');

class Tree { // a /proc and a /sys/fs/cgroup of our own
public:
    Tree() : root_(std::filesystem::temp_directory_path() / ("docker_tests." + std::to_string(::getpid()))) {}
    ~Tree() { std::filesystem::remove_all(root_); }
    void file(const std::string& path, const std::string& text) {
        std::filesystem::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path) << text;
    }
    CgroupReader reader() const { return CgroupReader((root_ / "proc").string(), (root_ / "cgroup").string()); }

private:
    std::filesystem::path root_;
};

constexpr const char* kNetDev = "Inter-|   Receive                |  Transmit\n"
                                " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n"
                                "    lo:     999       9    0    0    0     0          0         0      999       9\n"
                                "  eth0:    1462      17    0    0    0     0          0         0      200       2\n"
                                "  eth1:       1       1    0    0    0     0          0         0        2       2\n";

} // namespace

TEST_CASE("counters are parsed") {
    CHECK(parseCount("1234\n") == 1234);
    CHECK_FALSE(parseCount("max\n"));
    CHECK(parseKeyed("cache 5\ninactive_file 7\ntotal_inactive_file 9\n", "inactive_file") == 7);
    CHECK_FALSE(parseKeyed("cache 5\n", "file"));
    CHECK(parseNetDev(kNetDev).first == 1463);
    CHECK(parseNetDev(kNetDev).second == 202);
    CHECK(parseBlkio("8:0 Read 10\n8:0 Write 20\n8:16 Read 1\nTotal 31\n").first == 11);
    CHECK(parseIoStat("8:0 rbytes=10 wbytes=20 rios=1\n8:16 rbytes=1 wbytes=2\n").second == 22);
}

TEST_CASE("cgroup paths of both versions") {
    const auto v1 = parseCgroupPaths("4:memory:/docker/x\n3:cpu,cpuacct:/docker/y\n0::/\n");
    CHECK(v1.memory == "/docker/x");
    CHECK(v1.cpuacct == "/docker/y");
    const auto v2 = parseCgroupPaths("0::/system.slice/docker-x.scope\n");
    CHECK(v2.memory.empty());
    CHECK(v2.unified == "/system.slice/docker-x.scope");
}

TEST_CASE("a reading of version 2") {
    Tree tree;
    tree.file("proc/7/cgroup", "0::/system.slice/docker-" + kId + ".scope\n");
    tree.file("proc/7/net/dev", kNetDev);
    const std::string folder = "cgroup/system.slice/docker-" + kId + ".scope/";
    tree.file(folder + "cpu.stat", "usage_usec 5000\nuser_usec 1\n");
    tree.file(folder + "memory.current", "1000\n");
    tree.file(folder + "memory.stat", "anon 1\ninactive_file 300\n");
    tree.file(folder + "memory.max", "max\n");
    tree.file(folder + "pids.current", "3\n");
    const auto usage = tree.reader().read(kId, 7, true);
    REQUIRE(usage);
    CHECK(usage->cpuNs == 5'000'000);
    CHECK(usage->memoryBytes == 700);
    CHECK(usage->memoryLimitBytes > 1'000'000); // the machine's own
    CHECK(usage->networkRxBytes == 1463);
    CHECK(usage->pids == 3);
    CHECK(tree.reader().read(kId, 7, false)->networkRxBytes == 0);
}

TEST_CASE("a reading of version 1, and whose process it is") {
    Tree tree;
    tree.file("proc/7/cgroup", "4:memory:/docker/" + kId + "\n3:cpuacct:/docker/" + kId + "\n0::/\n");
    tree.file("cgroup/cpuacct/docker/" + kId + "/cpuacct.usage", "5000\n");
    tree.file("cgroup/memory/docker/" + kId + "/memory.usage_in_bytes", "1000\n");
    tree.file("cgroup/memory/docker/" + kId + "/memory.stat", "inactive_file 1\ntotal_inactive_file 300\n");
    tree.file("cgroup/memory/docker/" + kId + "/memory.limit_in_bytes", "2000\n");
    const auto usage = tree.reader().read(kId, 7, true);
    REQUIRE(usage);
    CHECK(usage->memoryBytes == 700);
    CHECK(usage->memoryLimitBytes == 2000);
    CHECK_FALSE(tree.reader().read(std::string(64, 'b'), 7, true));
    CHECK_FALSE(tree.reader().read(kId, 8, true));
    CHECK_FALSE(tree.reader().read(kId, 0, true));
}

TEST_CASE("rates come from differences") {
    Usage before, now;
    now.at = before.at + 1s;
    now.cpuNs = 1'234'000'000;
    now.memoryBytes = 3 * 1024 * 1024 / 2;
    const auto stats = statsBetween(before, now);
    REQUIRE(stats);
    CHECK(stats->cpuPercent == doctest::Approx(123.4));
    CHECK(stats->memoryUsageMb == 2);
    CHECK_FALSE(statsBetween(now, now)); // no time between them
    now.cpuNs = 0;
    before.cpuNs = 1;
    CHECK_FALSE(statsBetween(before, now)); // started again
}

TEST_CASE("the engine's own reading") {
    const auto usage = usageOf(talome::readText<engine::Stats>(
        R"({"cpu_stats":{"cpu_usage":{"total_usage":7}},"memory_stats":{"usage":100,"limit":200,"stats":{"inactive_file":40}},)"
        R"("networks":{"eth0":{"rx_bytes":1,"tx_bytes":2},"eth1":{"rx_bytes":10,"tx_bytes":20}},)"
        R"("blkio_stats":{"io_service_bytes_recursive":[{"op":"Read","value":5},{"op":"write","value":6}]},"pids_stats":{"current":4}})"));
    CHECK(usage.cpuNs == 7);
    CHECK(usage.memoryBytes == 60);
    CHECK(usage.networkTxBytes == 22);
    CHECK(usage.blockReadBytes == 5);
    CHECK(usage.blockWriteBytes == 6);
    CHECK(usage.pids == 4);
}

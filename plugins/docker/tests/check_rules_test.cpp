// What is wrong with a container, by the numbers of the specification.
#include "containers/check_rules.hpp"
#include "containers/mount_table.hpp"

#include <doctest/doctest.h>

using namespace talome::docker;

namespace {

CheckedContainer running() {
    CheckedContainer is;
    is.state = "running";
    is.upSeconds = 1000;
    return is;
}

std::string told(const CheckedContainer& is) { // "critical:memory warning:errors"
    std::string text;
    for (const CheckIssue& issue : checkContainer(is))
        text += (text.empty() ? "" : " ") + std::string(boost::describe::enum_to_string(issue.severity, "")) + ":" + issue.category;
    return text;
}

std::vector<std::string> lines(int errors, int others) {
    std::vector<std::string> all(static_cast<std::size_t>(errors), "2026 ERROR: it failed");
    all.resize(static_cast<std::size_t>(errors + others), "all is well");
    return all;
}

} // namespace

TEST_CASE("nothing is wrong") {
    CHECK(told(running()).empty());
    CHECK(verdictOf({}) == Verdict::healthy);
}

TEST_CASE("state, health, restarts and start") {
    auto is = running();
    is.health = "unhealthy";
    CHECK(told(is) == "critical:health");
    is = running();
    for (const auto& [restarts, expected] : {std::pair{2, ""}, std::pair{3, "warning:flapping"}, std::pair{9, "warning:flapping"}, std::pair{10, "critical:flapping"}}) {
        is.restartCount = restarts;
        CHECK(told(is) == expected);
    }
    is.restartCount = 1;
    is.upSeconds = 89;
    CHECK(told(is) == "warning:startup");
    is.restartCount = 5;
    is.upSeconds = 3601;
    CHECK(told(is) == "warning:flapping info:startup");
    is = {};
    is.state = "restarting";
    CHECK(told(is) == "critical:flapping");
    is.state = "created";
    CHECK(told(is) == "warning:startup");
    is.state = "exited";
    CHECK(told(is) == "warning:state");
    is.exitCode = 1;
    CHECK(told(is) == "critical:state");
}

TEST_CASE("memory") {
    auto is = running();
    is.memoryLimitBytes = 1000;
    for (const auto& [used, expected] : {std::pair{800, ""}, std::pair{801, "warning:memory"}, std::pair{920, "warning:memory"}, std::pair{921, "critical:memory"}}) {
        is.memoryBytes = used;
        CHECK(told(is) == expected);
    }
    is.memoryLimitBytes = std::int64_t{33} << 30; // no limit but the machine's
    is.memoryBytes = std::int64_t{33} << 30;
    CHECK(told(is).empty());
}

TEST_CASE("the end of the log") {
    auto is = running();
    is.lastLines = lines(4, 76);
    CHECK(told(is).empty());
    is.lastLines = lines(5, 75);
    CHECK(told(is) == "warning:errors");
    is.lastLines = lines(16, 64);
    CHECK(told(is) == "critical:errors");
    is.lastLines = lines(5, 5);
    CHECK(told(is) == "critical:errors");
    is.lastLines = std::vector<std::string>(80, "done: 0 errors, no error, errorless, 3 terrors");
    CHECK(told(is).empty());
    is.lastLines = {"java: Out of memory"};
    CHECK(told(is) == "critical:errors");
}

TEST_CASE("neighbours") {
    auto is = running();
    is.stoppedNeighbours = {"db"};
    CHECK(told(is) == "warning:dependencies");
    CHECK(verdictOf(checkContainer(is)) == Verdict::degraded);
}

TEST_CASE("answers of ports, and disks") {
    auto is = running();
    is.answers = {{80, 1500, false}, {81, {}, false}};
    CHECK(told(is).empty());
    is.answers = {{80, 1501, false}};
    CHECK(told(is) == "warning:response_time");
    is.answers = {{80, 3001, false}};
    CHECK(told(is) == "critical:response_time");
    is.answers = {{80, {}, true}};
    CHECK(told(is) == "critical:response_time");
    is.answers.clear();
    is.disks = {{"/data", 80}};
    CHECK(told(is).empty());
    is.disks = {{"/data", 80.5}};
    CHECK(told(is) == "warning:disk");
    is.disks = {{"/data", 93}};
    CHECK(told(is) == "critical:disk");
}

TEST_CASE("the file system under a path") {
    const char* table = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
                        "30 22 0:40 / /mnt rw - nfs4 nas:/x rw\n"
                        "31 30 8:17 / /mnt/own\\040disk rw shared:2 master:1 - xfs /dev/sdb1 rw\n"
                        "broken line\n";
    CHECK(fileSystemOf(table, "/var/lib") == "ext4");
    CHECK(fileSystemOf(table, "/mnt/a") == "nfs4");
    CHECK(fileSystemOf(table, "/mntx") == "ext4");
    CHECK(fileSystemOf(table, "/mnt/own disk/b") == "xfs");
    CHECK(fileSystemOf("", "/a").empty());
    CHECK(isLocalDisk("xfs"));
    for (const char* other : {"nfs4", "cifs", "fuse.sshfs", "tmpfs", ""}) CHECK_FALSE(isLocalDisk(other));
}

#include "smart_service/request.hpp"
#include "mounts/mount_watch.hpp"
#include "storage/duplicate_finder.hpp"
#include "storage/tree_size.hpp"
#include "tree.hpp"

#include <algorithm>
#include <map>

using namespace talome::system;

namespace {

const auto always = [](auto) { return true; };

std::string filled(std::size_t n, char c) { return std::string(n, c); }

} // namespace

TEST_SUITE("system::folders") {
    TEST_CASE("a folder is told with all that is in it") {
        Tree t;
        t.file("a/one", filled(100'000, 'x')).file("a/b/two", filled(50'000, 'x')).file("c/three", filled(10'000, 'x'));
        t.file("1/2/3/4/5/6/deep", filled(70'000, 'x'));
        std::map<std::string, FolderTotal> told;
        const auto whole = measureTree(t.path(), always, [&](FolderTotal each) { told[each.path] = each; });
        REQUIRE(whole);
        REQUIRE(told.size() == 8); // a, a/b, c and five of the deep ones
        CHECK(told["a"].files == 2);
        CHECK(told["a"].bytes >= 150'000);
        CHECK(told["a"].bytes < 200'000);
        CHECK(told["a/b"].depth == 2);
        CHECK(told["a/b"].files == 1);
        CHECK(told["1/2/3/4/5"].bytes >= 70'000);
        CHECK(told["a"].bytes + told["c"].bytes + told["1"].bytes < whole->bytes); // and the folder itself
        CHECK(whole->files == 4);
    }
    TEST_CASE("files with the same content") {
        Tree t;
        const std::string large = filled(200'000, 'x');
        std::string end = large; // the same beginning, another end
        end.back() = 'y';
        t.file("a/one", large).file("b/two", large).file("b/c/three", large).file("almost", end);
        t.file("small1", "x").file("small2", "x").file("s/1", filled(5000, 'q')).file("s/2", filled(5000, 'q')).file("s/3", filled(5000, 'r'));
        std::filesystem::create_hard_link(t.path("a/one"), t.path("a/again"));
        t.link("a/link", t.path("b/two")).link("elsewhere", "/usr");
        auto report = findDuplicates(t.path(), "", 1000, always);
        REQUIRE(report);
        REQUIRE(report->groups.size() == 2);
        CHECK(report->groups[0].sizeBytes == 200'000);
        CHECK(report->groups[0].count == 3);
        CHECK(report->groups[0].wastedBytes == 400'000);
        CHECK(std::count(report->groups[0].paths.begin(), report->groups[0].paths.end(), "b/c/three") == 1);
        CHECK(report->groups[1].paths == std::vector<std::string>{"s/1", "s/2"});
        CHECK(report->wastedBytes == 405'000);
        CHECK(report->files == 7); // not the small ones, and one of several names once
        CHECK_FALSE(report->cut);
        report = findDuplicates(t.path(), "b", 1000, always);
        REQUIRE(report);
        CHECK(report->groups.size() == 1);
        CHECK(report->groups[0].paths == std::vector<std::string>{"c/three", "two"});
        CHECK_FALSE(findDuplicates(t.path("none"), "", 1, always));
        CHECK_FALSE(findDuplicates(t.path("a"), "../b", 1, always));
        CHECK_FALSE(findDuplicates(t.path(), "elsewhere", 1, always));
        CHECK(findDuplicates(t.path(), "", 1, [](double) { return false; })->cut);
    }
    TEST_CASE("what talome-smart can be asked") {
        using namespace talome::smart;
        CHECK(parseRequest("scan")->kind == Kind::scan);
        const auto read = parseRequest("read nvme0");
        REQUIRE(read);
        CHECK(read->name == "nvme0");
        CHECK(parseRequest("test sda long")->test == "long");
        for (const char* wrong : {"", " ", "scan ", " scan", "scan x", "read", "read ", "read /dev/sda", "read sda x", "read a/b", "read -a", "read s\nda",
                                  "test sda", "test sda offline", "test  short", "test sda short x", "write sda"})
            CHECK_FALSE(parseRequest(wrong));
        CHECK_FALSE(parseRequest("read " + std::string(65, 'a')));
        CHECK_FALSE(parseRequest(std::string("read sd\0a", 9)));

        const auto devices = parseScan("/dev/sda -d scsi # /dev/sda, SCSI device\n/dev/nvme0 -d nvme # /dev/nvme0, NVMe device\n# no disk\n/dev/sdb\n");
        REQUIRE(devices.size() == 2);
        CHECK(arguments(Request{Kind::read, "sda", {}}, devices[0]) ==
              std::vector<std::string>{"--json=c", "-d", "auto", "-a", "-n", "standby", "/dev/sda"});
        CHECK(arguments(Request{Kind::read, "nvme0", {}}, devices[1]) == std::vector<std::string>{"--json=c", "-d", "nvme", "-a", "/dev/nvme0"});
        CHECK(arguments(Request{Kind::test, "nvme0", "short"}, devices[1]) ==
              std::vector<std::string>{"--json=c", "-d", "nvme", "-t", "short", "/dev/nvme0"});
    }
    TEST_CASE("the mount table is read again when it has changed") {
        Source own;
        MountWatch watch(own);
        const auto first = watch.now({});
        CHECK(watch.now({}).size() == first.size());
        Tree t; // a table that is a plain file says nothing of changes
        t.file("1/mountinfo", "26 1 254:0 / / rw - ext4 /dev/vda rw\n");
        Source made;
        made.proc = t.path();
        made.own = false;
        MountWatch other(made);
        REQUIRE(other.now({}).size() == 1);
        t.file("1/mountinfo", "26 1 254:0 / / rw - ext4 /dev/vda rw\n27 26 254:1 / /data rw - ext4 /dev/vdb rw\n");
        CHECK(other.now({}).size() == 2);
        CHECK(MountWatch(made).now({"/data"}).size() == 1);
    }
}

#include "mounts/mount_prober.hpp"
#include "mounts/mount_table.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

using namespace talome::system;
using namespace std::chrono_literals;

namespace {

Mount mountAt(std::uint64_t id, std::string path, bool suspect = false) {
    Mount mount;
    mount.id = id;
    mount.path = std::move(path);
    mount.device = "0:" + std::to_string(id);
    mount.suspect = suspect;
    return mount;
}

/// Answers for all paths but those that hang.
struct Kernel {
    std::mutex mutex;
    std::condition_variable released;
    bool open = false;
    std::atomic<int> asked = 0, hanging = 0;

    MountProber::Ask ask() {
        return [this](const std::string& path, Space& space) {
            ++asked;
            if (path.starts_with("/hangs")) {
                std::unique_lock lock(mutex);
                ++hanging;
                released.wait(lock, [this] { return open; });
                --hanging;
            }
            if (path == "/broken") return EIO;
            space = {1000, 500, 400, 10, 5};
            return 0;
        };
    }
    void release() {
        const std::lock_guard lock(mutex);
        open = true;
        released.notify_all();
    }
};

const MountState* find(const std::vector<MountState>& states, std::string_view path) {
    for (const auto& each : states)
        if (each.mount.path == path) return &each;
    return nullptr;
}

template <class F> bool within(std::chrono::milliseconds most, F&& holds) {
    const auto until = std::chrono::steady_clock::now() + most;
    while (!holds())
        if (std::chrono::steady_clock::now() > until)
            return false;
        else
            std::this_thread::sleep_for(5ms);
    return true;
}

} // namespace

TEST_SUITE("system::mounts") {
    TEST_CASE("read-only is what the file system is, not what this process sees of it; a disc's image is no disk") {
        const auto mounts = dataMounts(R"(26 1 254:0 / / ro,relatime - ext4 /dev/vda rw,discard
46 26 0:51 / /media/card rw - vfat /dev/sdd1 ro
47 26 11:0 / /media/cd ro - iso9660 /dev/sr0 ro
)");
        REQUIRE(mounts.size() == 2);
        CHECK_FALSE(mounts[0].readOnly);
        CHECK(mounts[1].readOnly);
    }
    TEST_CASE("what is mounted on the way to a path") {
        const std::string table = R"(26 1 254:0 / / rw - ext4 /dev/vda rw
45 26 0:50 / /mnt/nas rw - nfs4 nas.lan:/export rw
46 26 0:50 /a /srv rw - nfs4 nas.lan:/export rw
47 46 8:1 / /srv/disk rw - ext4 /dev/sda1 rw
48 26 0:33 / /auto rw - autofs systemd-1 rw
)";
        const auto suspects = [&](std::string_view path) {
            std::vector<std::string> paths;
            for (const Mount& each : mountsOver(table, path))
                if (each.suspect) paths.push_back(each.path);
            return paths;
        };
        CHECK(suspects("/srv/disk/films") == std::vector<std::string>{"/srv"}); // the way leads through it
        CHECK(suspects("/mnt/nas") == std::vector<std::string>{"/mnt/nas"});
        CHECK(suspects("/mnt/nas2").empty());
        CHECK(suspects("/auto/x") == std::vector<std::string>{"/auto"});
        CHECK(mountsOver(table, "/home").size() == 1);
    }
    TEST_CASE("one row a file system, at its shortest path; pseudo ones left out") {
        const auto mounts = dataMounts(R"(26 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
21 26 0:20 / /proc rw - proc proc rw
30 26 0:27 / /run rw - tmpfs tmpfs rw
41 26 254:0 /var/lib/x /var/lib/x rw shared:1 - ext4 /dev/vda rw
42 26 8:17 / /mnt/long/path rw - xfs /dev/sdb1 rw
43 26 8:17 / /data rw,noatime master:2 - xfs /dev/sdb1 rw
44 26 8:33 /@home /home rw - btrfs /dev/sdc1 rw,subvol=/@home
45 26 0:50 / /mnt/my\040nas rw - nfs4 nas.lan:/export rw,vers=4.2
46 26 0:51 / /media/usb ro - vfat /dev/sdd1 ro
47 26 0:52 / /mnt/ssh rw - fuse.sshfs me@host:/srv rw
48 26 0:53 / /var/lib/docker/overlay2/a/merged rw - overlay overlay rw
49 26 7:0 / /snap/core/1 ro - squashfs /dev/loop0 ro
50 26 0:54 / /mnt/win rw - cifs //nas/share rw
)");
        std::vector<std::string> paths;
        for (const auto& each : mounts) paths.push_back(each.path);
        CHECK(paths == std::vector<std::string>{"/", "/data", "/home", "/media/usb", "/mnt/my nas", "/mnt/ssh", "/mnt/win"});
        CHECK(mounts[0].kind == MountKind::internal);
        CHECK(mounts[3].kind == MountKind::external);
        CHECK(mounts[3].readOnly);
        CHECK(mounts[4].kind == MountKind::network);
        CHECK(mounts[4].suspect);
        CHECK(mounts[5].suspect);
        CHECK(mounts[6].kind == MountKind::network);
        CHECK_FALSE(mounts[1].suspect);
    }
    TEST_CASE("what is mounted over hides what was there; ignored paths; the root of a container") {
        const auto mounts = dataMounts("1 0 0:1 / / rw - overlay overlay rw\n2 1 8:1 / /srv rw - ext4 /dev/a rw\n3 2 8:2 / /srv rw - ext4 /dev/b rw\n4 1 8:3 / /skip/me rw - ext4 /dev/c rw\n", {"/skip"});
        REQUIRE(mounts.size() == 2);
        CHECK(mounts[0].fstype == "overlay");
        CHECK(mounts[1].source == "/dev/b");
    }
    TEST_CASE("nonsense is left out") {
        CHECK(dataMounts("").empty());
        CHECK(dataMounts("1 2 3\nx\n5 1 8:1 / /a rw no dash here\n").empty());
    }
    TEST_CASE("space is counted as df does") {
        const Space space{1000, 300, 250, 100, 25};
        CHECK(space.used() == 700);
        CHECK(space.percent() == doctest::Approx(700.0 / 950 * 100));
        CHECK(space.filesPercent() == 75);
        CHECK_FALSE(Space{}.filesPercent());
    }
    TEST_CASE("one that hangs holds nobody up, and is known by it") {
        Kernel kernel;
        MountProber prober(kernel.ask());
        const std::vector<Mount> mounts = {mountAt(1, "/"), mountAt(2, "/hangs-net", true), mountAt(3, "/net", true), mountAt(4, "/broken")};
        const auto begun = std::chrono::steady_clock::now();
        prober.refresh(mounts, 10ms);
        prober.awaitFirst(1s);
        CHECK(std::chrono::steady_clock::now() - begun < 500ms);
        REQUIRE(within(1s, [&] { return find(prober.state(), "/net")->space.has_value(); }));
        CHECK(find(prober.state(), "/")->space);
        CHECK(find(prober.state(), "/broken")->problem.find("Input/output") != std::string::npos);
        CHECK_FALSE(find(prober.state(), "/hangs-net")->unresponsive);
        CHECK(within(3s, [&] { return find(prober.state(), "/hangs-net")->unresponsive; }));
        for (int i = 0; i < 50; ++i) prober.refresh(mounts, 0ms);
        CHECK(kernel.hanging == 1); // it is not asked again
        CHECK(prober.waiting() == 1);
        kernel.release();
        CHECK(within(2s, [&] { return find(prober.state(), "/hangs-net")->space.has_value(); }));
        CHECK_FALSE(find(prober.state(), "/hangs-net")->unresponsive);
    }
    TEST_CASE("a disk of this machine that hangs does not hide those after it") {
        Kernel kernel;
        {
            MountProber prober(kernel.ask());
            const std::vector<Mount> mounts = {mountAt(1, "/hangs"), mountAt(2, "/later")};
            prober.refresh(mounts, 10ms);
            CHECK(within(5s, [&] {
                prober.refresh(mounts, 10ms);
                return find(prober.state(), "/later")->space.has_value();
            }));
            CHECK(find(prober.state(), "/hangs")->unresponsive);
            const auto begun = std::chrono::steady_clock::now();
            prober.refresh({mounts[1]}, 10ms);
            CHECK(prober.state().size() == 1); // it was unmounted, though its thread still waits
            CHECK(std::chrono::steady_clock::now() - begun < 100ms);
        } // ends without it
        CHECK(kernel.hanging == 1);
        kernel.release();
        CHECK(within(2s, [&] { return kernel.hanging == 0; }));
        std::this_thread::sleep_for(20ms);
    }
    TEST_CASE("however many hang, the threads are bounded") {
        Kernel kernel;
        {
            MountProber prober(kernel.ask());
            std::vector<Mount> mounts = {mountAt(1, "/")};
            for (std::uint64_t i = 2; i < 102; ++i) mounts.push_back(mountAt(i, "/hangs" + std::to_string(i), true));
            prober.refresh(mounts, 10ms);
            prober.awaitFirst(1s);
            CHECK(find(prober.state(), "/")->space);
            for (int i = 0; i < 30; ++i) {
                std::this_thread::sleep_for(100ms);
                prober.refresh(mounts, 50ms);
            }
            CHECK(kernel.hanging <= 2 * kMostWaiting + 1);
            const auto before = find(prober.state(), "/")->at;
            CHECK(within(kCalmAge + 5s, [&] {
                prober.refresh(mounts, 50ms);
                return find(prober.state(), "/")->at > before; // what answers is still asked
            }));
        }
        kernel.release();
        CHECK(within(2s, [&] { return kernel.hanging == 0; }));
        std::this_thread::sleep_for(20ms);
    }
}

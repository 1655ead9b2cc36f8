// How a file gets its name, and where it can never go.
#include "host/http/upload_test_disk.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

using namespace talome::http;
using namespace talome::http::testing;

TEST_CASE("upload file: a file gets its name") {
    const Folder folder;
    for (const auto kind : {kNameless, kNamed}) {
        const std::string name = kind == kNamed ? "named \xc3\xa4" : "nameless \xc3\xa4";
        {
            auto first = written(folder.get(), kind, "first");
            first.link(folder.get(), name, kFail);
            CHECK_THROWS_AS(first.link(folder.get(), "again", kFail), std::logic_error);
        }
        CHECK(contentOf(folder.path / name) == "first");
        {
            auto second = written(folder.get(), kind, "second");
            CHECK(statusOf([&] { second.link(folder.get(), name, kFail); }) == 409);
            CHECK(contentOf(folder.path / name) == "first");
            second.link(folder.get(), name, kReplace);
        }
        CHECK(contentOf(folder.path / name) == "second");
        { written(folder.get(), kind, "third").link(folder.get(), name + "3", kReplace); }
        CHECK(contentOf(folder.path / (name + "3")) == "third");
        CHECK((fs::status(folder.path / name).permissions() & fs::perms::all) ==
              (fs::perms::owner_read | fs::perms::owner_write));
    }
    CHECK(namesIn(folder.get()) == Names{"named \xc3\xa4",
                                         "named \xc3\xa4"
                                         "3",
                                         "nameless \xc3\xa4",
                                         "nameless \xc3\xa4"
                                         "3"});
}

namespace {

// As on a file system that has no nameless files and cannot rename without replacing. For good, so only in a child.
bool forbidByFilter() {
    const auto refuse = [](int error) { return SECCOMP_RET_ERRNO | static_cast<unsigned>(error); };
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_renameat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, refuse(EINVAL)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])), // little-endian
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, refuse(EOPNOTSUPP)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{static_cast<unsigned short>(std::size(rules)), rules};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

} // namespace

TEST_CASE("upload file: on a file system that can do less") {
    const Folder folder;
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (!forbidByFilter()) ::_exit(1);
        const auto done = [&](const char* text, const char* name, UploadFile::IfExists how) {
            return statusOf([&] { written(folder.get(), kNameless, text).link(folder.get(), name, how); });
        };
        if (written(folder.get(), kNameless, "x").kind() != kNamed) ::_exit(2);
        if (done("first", "a", kFail) != 200) ::_exit(3);
        if (done("second", "a", kFail) != 409 || contentOf(folder.path / "a") != "first") ::_exit(4);
        if (done("third", "a", kReplace) != 200 || contentOf(folder.path / "a") != "third") ::_exit(5);
        if (done("fourth", "b", kReplace) != 200) ::_exit(6);
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(namesIn(folder.get()) == Names{"a", "b"});
    CHECK(contentOf(folder.path / "b") == "fourth");
}

TEST_CASE("upload file: a name does not lead anywhere else") {
    const Folder folder, other;
    fs::create_symlink(other.path / "stolen", folder.path / "dangling");
    std::ofstream(other.path / "precious") << "precious";
    fs::create_symlink(other.path / "precious", folder.path / "link");
    fs::create_directory(folder.path / "sub");
    const Names inside = {"dangling", "link", "sub"};
    for (const auto kind : {kNameless, kNamed}) {
        for (const auto how : {kFail, kReplace}) {
            auto file = written(folder.get(), kind, "x");
            for (const std::string name : {"", ".", "..", "/", "a/b", "../a", "sub/a", "/etc/passwd"})
                CHECK_MESSAGE(statusOf([&] { file.link(folder.get(), name, how); }) == 400, name);
            CHECK(statusOf([&] { file.link(folder.get(), std::string("a\0b", 3), how); }) == 400);
            CHECK(statusOf([&] { file.link(folder.get(), std::string(256, 'a'), how); }) == 400);
            CHECK(statusOf([&] { file.link(folder.get(), "sub", how); }) == 409);
            const Descriptor gone(::openat(folder.get(), "sub", O_PATH | O_DIRECTORY | O_CLOEXEC));
            fs::remove(folder.path / "sub");
            CHECK(statusOf([&] { file.link(gone.get(), "a", how); }) == 404);
            fs::create_directory(folder.path / "sub");
        }
        CHECK(namesIn(folder.get()) == inside);
        auto file = written(folder.get(), kind, "x");
        CHECK(statusOf([&] { file.link(folder.get(), "dangling", kFail); }) == 409);
        CHECK(statusOf([&] { file.link(folder.get(), "link", kFail); }) == 409);
        file.link(folder.get(), "link", kReplace);
        CHECK(fs::symlink_status(folder.path / "link").type() == fs::file_type::regular);
        CHECK(contentOf(other.path / "precious") == "precious");
        CHECK(namesIn(other.get()) == Names{"precious"});
        fs::remove(folder.path / "link");
        fs::create_symlink(other.path / "precious", folder.path / "link");
    }
    CHECK(namesIn(folder.get()) == inside);
}

#include "pty/own_folder.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>

namespace talome::terminal {

namespace {

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

Descriptor openBeneath(int directory, const std::string& name, std::uint64_t flags, std::uint64_t mode) {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    Descriptor opened(static_cast<int>(::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how)));
    if (!opened) fail(name);
    return opened;
}

} // namespace

Descriptor openOwnFolder(const std::string& home, const std::string& name) {
    Descriptor at(::open(home.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!at) fail(home);
    for (const std::string& step : {std::string(".talome"), name}) {
        if (::mkdirat(at.get(), step.c_str(), 0700) != 0 && errno != EEXIST) fail(step);
        at = openBeneath(at.get(), step, O_RDONLY | O_DIRECTORY, 0);
    }
    return at;
}

Descriptor makeFile(const Descriptor& folder, const std::string& name) {
    return openBeneath(folder.get(), name, O_RDWR | O_CREAT | O_EXCL, 0600);
}

std::size_t removeOlder(const Descriptor& folder, std::uint64_t seconds) {
    const int again = ::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (again < 0) fail("the folder");
    const auto close = [](DIR* each) { ::closedir(each); };
    const std::unique_ptr<DIR, decltype(close)> directory(::fdopendir(again), close);
    const auto limit = ::time(nullptr) - static_cast<time_t>(seconds);
    std::size_t left = 0;
    while (const dirent* entry = ::readdir(directory.get())) {
        struct stat is {};
        if (::fstatat(folder.get(), entry->d_name, &is, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(is.st_mode)) continue;
        if (is.st_mtime > limit || ::unlinkat(folder.get(), entry->d_name, 0) != 0) ++left;
    }
    return left;
}

} // namespace talome::terminal

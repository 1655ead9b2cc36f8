// posix_spawn() of a small helper, which glibc does by CLONE_VFORK: nothing of the daemon's memory is copied.
#include "host/process/child.hpp"

#include "host/gate/failure.hpp"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>

namespace talome::process {

namespace {

constexpr int kStartMs = 20'000; // a machine that is very busy

[[noreturn]] void unavailable(const char* what, int code) {
    throw gate::Failure(TALOME_E_UNAVAILABLE,
                        std::string("no program can be started now: ") + what + ": " + std::strerror(code));
}

/// Where talome-spawn may lie: beside the program or in its ../lib/talome, and as seen from the library that holds
/// this.
std::vector<std::filesystem::path> places() {
    std::vector<std::filesystem::path> found;
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    found.push_back(program / "talome-spawn");
    found.push_back(program.parent_path() / "lib/talome/talome-spawn");
    static const char here = 0;
    if (Dl_info library{}; ::dladdr(&here, &library) && library.dli_fname) {
        const auto folder = std::filesystem::absolute(library.dli_fname, error).parent_path();
        found.push_back(folder / "talome-spawn");
        found.push_back(folder.parent_path() / "bin/talome-spawn");
    }
    return found;
}

/// Opened once: what is run is then what belongs to this daemon, also after an upgrade.
int helper() {
    static const int opened = [] {
        for (const auto& each : places())
            if (const int fd = ::open(each.c_str(), O_PATH | O_CLOEXEC); fd >= 0) return fd;
        return -1;
    }();
    if (opened < 0)
        throw gate::Failure(TALOME_E_UNSUPPORTED, "no program can be run here: talome-spawn is not installed");
    return opened;
}

/// What a sanitizer is told about reports has to reach the helper too.
std::vector<std::string> helperEnvironment() {
    std::vector<std::string> kept;
    for (const char* name : {"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"})
        if (const char* value = std::getenv(name)) kept.push_back(std::string(name) + "=" + value);
    return kept;
}

struct Actions {
    posix_spawn_file_actions_t files{};
    posix_spawnattr_t attributes{};
    explicit Actions(int control) {
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&files, 2, 1);
        posix_spawn_file_actions_adddup2(&files, control, kControlFd);
        posix_spawnattr_init(&attributes);
        sigset_t all, none;
        sigfillset(&all);
        sigemptyset(&none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    }
    Actions(const Actions&) = delete;
    Actions& operator=(const Actions&) = delete;
    ~Actions() {
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attributes);
    }
};

int spawnHelper(int control, const std::string& program) {
    const auto path = "/proc/self/fd/" + std::to_string(helper());
    const Actions actions(control);
    char name[] = "talome-spawn";
    std::string shown = program; // for who looks at the list of processes
    char* const argv[] = {name, shown.data(), nullptr};
    auto kept = helperEnvironment();
    std::vector<char*> environment;
    for (auto& each : kept) environment.push_back(each.data());
    environment.push_back(nullptr);
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, path.c_str(), &actions.files, &actions.attributes, argv, environment.data());
    if (error != 0) unavailable("talome-spawn", error);
    return pid;
}

[[noreturn]] void refuse(const Report& why, const Order& order) {
    const auto& program = order.argv[0];
    const std::string because = std::string(": ") + std::strerror(why.error);
    const auto lookUp = [&](const std::string& what) {
        const bool denied = why.error == EACCES || why.error == EPERM;
        return gate::Failure(why.error == ENOENT || why.error == ENOTDIR ? TALOME_E_NOT_FOUND
                             : denied                                    ? TALOME_E_DENIED
                                                                         : TALOME_E_UNAVAILABLE,
                             what + because);
    };
    switch (why.stage) {
    case Stage::exec:
        if (why.error == ENOENT)
            throw gate::Failure(TALOME_E_NOT_FOUND, "the program '" + program + "' is not installed");
        if (why.error == ENOEXEC)
            throw gate::Failure(TALOME_E_UNSUPPORTED, "'" + program + "' is no program that this machine runs");
        if (why.error == E2BIG) throw gate::Failure(TALOME_E_TOO_LARGE, "the arguments are too long");
        throw lookUp("the program '" + program + "' cannot be run");
    case Stage::directory:
        throw lookUp("the working directory of '" + program + "'");
    case Stage::writable:
        throw lookUp("writable path " + std::to_string(why.index + 1) + " of '" + program + "'");
    case Stage::landlock:
        throw gate::Failure(TALOME_E_UNSUPPORTED,
                            "no read-only file system can be had here: the kernel's Landlock is missing or not "
                            "allowed" +
                                because);
    case Stage::seccomp:
        throw gate::Failure(TALOME_E_UNSUPPORTED, "no program can be confined here: seccomp with notifications is "
                                                  "missing or not allowed" +
                                                      because);
    case Stage::order:
        throw gate::Failure(TALOME_E_UNAVAILABLE, "talome-spawn is of another version: the server has to be restarted");
    default:
        throw gate::Failure(TALOME_E_UNAVAILABLE, "'" + program + "' cannot be started" + because);
    }
}

} // namespace

Child::Child(const Order& order, const std::vector<int>& descriptors, tasks::Reactor& reactor) : reactor_(reactor) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) unavailable("socketpair", errno);
    control_ = http::Descriptor(pair[0]);
    {
        const http::Descriptor theirs(pair[1]);
        send(order, descriptors, control_.get());
        pid_ = spawnHelper(theirs.get(), order.argv[0]);
    }
    try {
        waitUntilStarted(order);
    } catch (...) {
        control_ = {};
        reap();
        throw;
    }
}

Child::~Child() {
    control_ = {};
    reap();
}

void Child::send(const Order& order, const std::vector<int>& descriptors, int to) const {
    const http::Descriptor file(::memfd_create("talome-order", MFD_CLOEXEC));
    if (!file) unavailable("memfd", errno);
    const auto text = encode(order);
    for (std::size_t done = 0; done < text.size();) {
        const auto n = ::write(file.get(), text.data() + done, text.size() - done);
        if (n <= 0) unavailable("memfd", errno);
        done += static_cast<std::size_t>(n);
    }
    std::vector<int> all{file.get()};
    all.insert(all.end(), descriptors.begin(), descriptors.end());
    std::vector<char> control(CMSG_SPACE(all.size() * sizeof(int)));
    auto protocol = kProtocol;
    iovec data{&protocol, sizeof protocol};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(all.size() * sizeof(int));
    std::memcpy(CMSG_DATA(head), all.data(), all.size() * sizeof(int));
    if (::sendmsg(to, &message, MSG_NOSIGNAL) < 0) {
        if (errno == EBADF) throw gate::Failure(TALOME_E_INVALID, "fds: has one that is not open");
        unavailable("its descriptors", errno);
    }
}

void Child::waitUntilStarted(const Order& order) const {
    for (;;) {
        pollfd on{control_.get(), POLLIN, 0};
        const int n = ::poll(&on, 1, kStartMs);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) throw gate::Failure(TALOME_E_UNAVAILABLE, "'" + order.argv[0] + "' does not start in time");
        Report report;
        const auto got = ::recv(control_.get(), &report, sizeof report, MSG_DONTWAIT);
        if (got == sizeof report && report.kind == Report::started) return;
        if (got == sizeof report && report.kind == Report::refused) refuse(report, order);
        throw gate::Failure(TALOME_E_UNAVAILABLE, "what starts '" + order.argv[0] + "' was ended");
    }
}

std::optional<Report> Child::report() {
    Report report;
    const auto n = ::recv(control_.get(), &report, sizeof report, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
    if (n == sizeof report && report.kind == Report::ended) return report;
    throw gate::Failure(TALOME_E_UNAVAILABLE, "what looks after a program was killed, and the program with it");
}

void Child::command(const Command& what) const {
    // It fails only if the helper has gone, which report() says.
    [[maybe_unused]] const auto sent = ::send(control_.get(), &what, sizeof what, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Child::reap() noexcept {
    // It ends at once, unless the machine is very busy or a process of it hangs in the kernel (a dead disk): nobody
    // waits for it here, and it is not left as a zombie.
    const auto pid = std::exchange(pid_, -1);
    if (pid < 0 || ::waitpid(pid, nullptr, WNOHANG) == pid) return;
    http::Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    try {
        if (!process) throw std::system_error(errno, std::generic_category(), "pidfd_open");
        reactor_.onceReadable(std::move(process), [pid] { ::waitpid(pid, nullptr, 0); });
    } catch (const std::exception&) { // no descriptor or no memory is left: then it is waited for
        ::waitpid(pid, nullptr, 0);
    }
}

} // namespace talome::process

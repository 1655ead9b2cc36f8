// In the order in which each step still can be taken: the filter comes last but for the limits that would be in its
// way.
#include "host/process/spawn/program.hpp"

#include "host/process/spawn/landlock.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/ioprio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace talome::process {

namespace {

constexpr const char* kPath[] = {"/usr/local/bin/", "/usr/bin/", "/bin/", "/usr/local/sbin/", "/usr/sbin/", "/sbin/"};

void ensure(long result, Stage stage) {
    if (result < 0) throw Unconfined{stage, errno};
}

void limit(decltype(RLIMIT_CPU) which, rlim_t soft, rlim_t hard) {
    rlimit now{};
    ensure(::getrlimit(which, &now), Stage::settings);
    const rlimit wanted{std::min(soft, now.rlim_max), std::min(hard, now.rlim_max)};
    ensure(::setrlimit(which, &wanted), Stage::settings);
}
void limit(decltype(RLIMIT_CPU) which, rlim_t both) { limit(which, both, both); }

/// Each to its number; what has none is closed by exec().
void placeDescriptors(const Order& order, const std::vector<int>& descriptors) {
    const int above = 1 + *std::max_element(order.numbers.begin(), order.numbers.end());
    std::vector<int> high;
    for (const int each : descriptors) {
        high.push_back(::fcntl(each, F_DUPFD_CLOEXEC, above));
        ensure(high.back(), Stage::descriptors);
    }
    ensure(static_cast<long>(::close_range(0, ~0u, CLOSE_RANGE_CLOEXEC)), Stage::descriptors);
    for (std::size_t i = 0; i < high.size(); ++i) ensure(::dup2(high[i], order.numbers[i]), Stage::descriptors);
}

void settle(const Order& order) {
    ensure(::setsid(), Stage::settings);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (order.nice > 0) ensure(::setpriority(PRIO_PROCESS, 0, order.nice), Stage::settings);
    if (order.idleIo)
        ensure(::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)),
               Stage::settings);
    // When memory runs out, it is not the daemon that should go. Without the file, the kernel decides by itself.
    if (const int score = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); score >= 0) {
        [[maybe_unused]] const auto written = ::write(score, "500", 3);
        ::close(score);
    }
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_STACK, 8u << 20);
    if (order.fileBytes) limit(RLIMIT_FSIZE, order.fileBytes);
    if (order.cpuMs) limit(RLIMIT_CPU, order.cpuMs / 1000 + 2, order.cpuMs / 1000 + 4); // the supervisor is exact
    ensure(::chdir(order.directory.c_str()), Stage::directory);
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); // fails on kernels that have none
    ensure(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), Stage::settings);
}

void tell(int socket, const Report& report, int descriptor = -1) {
    iovec data{const_cast<Report*>(&report), sizeof report};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (descriptor >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        cmsghdr* head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
    }
    // Nobody is there to be told if it fails: then the supervisor sees the process end.
    [[maybe_unused]] const auto sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

void applyFilter(const Filter& filter, int told) {
    try {
        const int asked = filter.load();
        tell(told, Report{}, asked);
        ::close(asked);
    } catch (const std::system_error& error) {
        throw Unconfined{Stage::seccomp, error.code().value()};
    }
}

std::vector<char*> pointersTo(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (const auto& each : texts) pointers.push_back(const_cast<char*>(each.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

/// Allocates nothing once the limits stand. Returns why it could not.
int execute(const Order& order) {
    const auto argv = pointersTo(order.argv);
    const auto env = pointersTo(order.env);
    const auto& name = order.argv[0];
    std::vector<std::string> candidates;
    if (name.starts_with('/'))
        candidates.push_back(name);
    else
        for (const char* folder : kPath) candidates.push_back(folder + name);
    limit(RLIMIT_NOFILE, order.files ? order.files : RLIM_INFINITY);
    if (order.memory) limit(RLIMIT_DATA, order.memory < RLIM_INFINITY / 4 ? 2 * order.memory : RLIM_INFINITY);
    int why = ENOENT;
    for (const auto& path : candidates) {
        ::execve(path.c_str(), argv.data(), env.data());
        if (errno != ENOENT && errno != ENOTDIR && why == ENOENT) why = errno;
    }
    return why;
}

} // namespace

void becomeProgram(const Order& order, const Filter& filter, const std::vector<int>& descriptors, int told,
                   pid_t supervisor) {
    Report report;
    report.kind = Report::refused;
    try {
        // So that nothing is left if the supervisor is killed; it has one thread, whose end this is tied to.
        ensure(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), Stage::settings);
        if (::getppid() != supervisor) ::_exit(127);           // it was killed before
        const int above = ::fcntl(told, F_DUPFD_CLOEXEC, 300); // out of the way of the program's numbers
        ensure(above, Stage::descriptors);
        told = above;
        placeDescriptors(order, descriptors);
        settle(order);
        confineFiles(order);
        applyFilter(filter, told);
        report.stage = Stage::exec;
        report.error = execute(order);
    } catch (const Unconfined& reason) {
        report.stage = reason.stage;
        report.error = reason.error;
        report.index = reason.index;
    }
    tell(told, report);
    ::_exit(127);
}

} // namespace talome::process

// Built with libseccomp, once a program.
#include "host/process/spawn/filter.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <seccomp.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace talome::process {

namespace {

constexpr std::uint64_t kNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint64_t kInt = 0xffffffff; // the part of a register that an int is

/// Of the system as a whole, of other processes, or doors that a filter cannot see through (io_uring).
constexpr const char* kForbidden[] = {"acct",
                                      "add_key",
                                      "bpf",
                                      "chroot",
                                      "clock_adjtime",
                                      "clock_settime",
                                      "delete_module",
                                      "fanotify_init",
                                      "finit_module",
                                      "fsconfig",
                                      "fsmount",
                                      "fsopen",
                                      "fspick",
                                      "init_module",
                                      "ioperm",
                                      "iopl",
                                      "kcmp",
                                      "kexec_file_load",
                                      "kexec_load",
                                      "keyctl",
                                      "lookup_dcookie",
                                      "mount",
                                      "mount_setattr",
                                      "move_mount",
                                      "open_by_handle_at",
                                      "open_tree",
                                      "open_tree_attr",
                                      "perf_event_open",
                                      "pidfd_getfd",
                                      "pivot_root",
                                      "process_madvise",
                                      "process_vm_readv",
                                      "process_vm_writev",
                                      "ptrace",
                                      "quotactl",
                                      "quotactl_fd",
                                      "reboot",
                                      "request_key",
                                      "setdomainname",
                                      "sethostname",
                                      "setns",
                                      "settimeofday",
                                      "stime",
                                      "swapoff",
                                      "swapon",
                                      "sysfs",
                                      "syslog",
                                      "umount",
                                      "umount2",
                                      "uselib",
                                      "userfaultfd",
                                      "vhangup",
                                      "vm86",
                                      "vm86old"};

/// What Landlock does not look at: owner, mode, times and attributes of files.
constexpr const char* kChanges[] = {
    "chmod",     "fchmod",     "fchmodat",    "fchmodat2",    "chown",        "fchown",        "lchown",
    "fchownat",  "utime",      "utimes",      "futimesat",    "utimensat",    "setxattr",      "lsetxattr",
    "fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat", "file_setattr"};

/// libseccomp may be older than the kernel. From 424 on, calls have the same number on every architecture.
int numberOf(const char* name) {
    constexpr std::pair<std::string_view, int> kNewer[] = {
        {"process_madvise", 440}, {"mount_setattr", 442}, {"quotactl_fd", 443},    {"fchmodat2", 452},
        {"setxattrat", 463},      {"removexattrat", 466}, {"open_tree_attr", 467}, {"file_setattr", 469}};
    for (const auto& [known, number] : kNewer)
        if (known == name) return number;
    return seccomp_syscall_resolve_name(name);
}

class Builder {
public:
    explicit Builder(scmp_filter_ctx context) : context_(context) {}

    template <class... Compare> void rule(std::uint32_t action, const char* name, Compare... compare) {
        const int call = numberOf(name);
        if (call == __NR_SCMP_ERROR) return; // this architecture has no such call
        if constexpr (sizeof...(compare) == 0) {
            check(seccomp_rule_add_array(context_, action, call, 0, nullptr), name);
        } else {
            const scmp_arg_cmp all[] = {compare...};
            check(seccomp_rule_add_array(context_, action, call, sizeof...(compare), all), name);
        }
    }
    template <class... Compare> void deny(const char* name, Compare... compare) {
        rule(SCMP_ACT_ERRNO(EPERM), name, compare...);
    }

    static void check(int result, const char* what) {
        // A rule that exists already, or of a call that this architecture does not have.
        if (result < 0 && result != -EEXIST && result != -EDOM)
            throw std::system_error(-result, std::generic_category(), what);
    }

private:
    scmp_filter_ctx context_;
};

scmp_arg_cmp maskedEqual(unsigned argument, std::uint64_t mask, std::uint64_t value) {
    return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

/// Every new process is asked about; a thread is not. The flags of clone3 lie in memory, where they can be changed
/// after they were looked at: without it, libc uses clone.
void askAboutProcesses(Builder& to) {
    to.rule(SCMP_ACT_ERRNO(ENOSYS), "clone3");
    to.rule(SCMP_ACT_NOTIFY, "fork");
    to.rule(SCMP_ACT_NOTIFY, "vfork");
    to.rule(SCMP_ACT_NOTIFY, "clone", maskedEqual(0, CLONE_THREAD, 0));
    for (std::uint64_t bit = 1; bit <= kNamespaces; bit <<= 1)
        if (kNamespaces & bit) to.deny("unshare", maskedEqual(0, bit, bit));
}

/// Kernels before 6.12 cannot keep a program from signalling others of its user. Those that must not be hit can be
/// named.
void protect(Builder& to, pid_t pid) {
    const auto number = static_cast<std::uint32_t>(pid);
    const auto group = static_cast<std::uint32_t>(-pid);
    for (const char* name : {"kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open"})
        to.deny(name, maskedEqual(0, kInt, number));
    to.deny("kill", maskedEqual(0, kInt, group));
}

void keepReadOnly(Builder& to, int landlock) {
    for (const char* name : kChanges) to.deny(name);
    to.deny("ioctl", maskedEqual(1, kInt, FS_IOC_SETFLAGS));
    to.deny("ioctl", maskedEqual(1, kInt, FS_IOC_FSSETXATTR));
    // Landlock knows of truncation from its ABI 3 on. Before, a file could be emptied without being opened for writing.
    if (landlock >= 3) return;
    to.deny("truncate");
    constexpr std::uint64_t kMode = O_ACCMODE | O_TRUNC;
    to.deny("open", maskedEqual(1, kMode, O_RDONLY | O_TRUNC));
    to.deny("openat", maskedEqual(2, kMode, O_RDONLY | O_TRUNC));
    to.rule(SCMP_ACT_ERRNO(ENOSYS), "openat2"); // its flags lie in memory; libc does without
}

} // namespace

bool wantsNamespaces(std::uint64_t cloneFlags) { return (cloneFlags & kNamespaces) != 0; }

Filter::Filter(const Order& order, pid_t supervisor, pid_t host, int landlock)
    : context_(seccomp_init(SCMP_ACT_ALLOW), seccomp_release) {
    if (!context_) throw std::system_error(ENOMEM, std::generic_category(), "seccomp_init");
    Builder to(context_.get());
    Builder::check(seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "architecture");
    Builder::check(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimize");
    for (const char* name : kForbidden) to.deny(name);
    for (const char* name : {"io_uring_setup", "io_uring_enter", "io_uring_register"})
        to.rule(SCMP_ACT_ERRNO(ENOSYS), name);
    for (const std::uint64_t each : {TIOCSTI, TIOCLINUX}) to.deny("ioctl", maskedEqual(1, kInt, each));
    to.deny("prlimit64", scmp_arg_cmp{0, SCMP_CMP_NE, 0, 0}); // of others
    askAboutProcesses(to);
    to.deny("kill", maskedEqual(0, kInt, static_cast<std::uint32_t>(-1))); // everything of the user
    protect(to, supervisor);
    protect(to, host);
    if (order.noNetwork) to.rule(SCMP_ACT_ERRNO(EACCES), "socket");
    if (order.readOnly) keepReadOnly(to, landlock);
}

int Filter::load() const {
    Builder::check(seccomp_load(context_.get()), "seccomp");
    const int asked = seccomp_notify_fd(context_.get());
    if (asked < 0) throw std::system_error(-asked, std::generic_category(), "seccomp");
    return asked;
}

} // namespace talome::process

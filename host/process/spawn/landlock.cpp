// The kernel's interface is used by number: libc has none, and the headers may be older than the kernel.
#include "host/process/spawn/landlock.hpp"

#include "host/http/descriptor.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace talome::process {

namespace {

constexpr std::uint64_t kRefer = 1ull << 13;                                  // ABI 2
constexpr std::uint64_t kTruncate = 1ull << 14;                               // ABI 3
constexpr std::uint64_t kScopeSignal = 1ull << 1;                             // ABI 6
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate; // the others are of directories

/// landlock_ruleset_attr as of ABI 6; an older kernel accepts the tail if it is zero.
struct Ruleset {
    std::uint64_t files = 0, network = 0, scoped = 0;
};

std::uint64_t writing(int abi) {
    std::uint64_t all = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                        LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                        LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                        LANDLOCK_ACCESS_FS_MAKE_SYM;
    if (abi >= 2) all |= kRefer;
    if (abi >= 3) all |= kTruncate;
    return all;
}

void allow(int ruleset, int path, std::uint64_t rights) {
    landlock_path_beneath_attr rule{};
    rule.allowed_access = rights;
    rule.parent_fd = path;
    if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        throw Unconfined{Stage::landlock, errno};
}

void allowWriting(int ruleset, std::uint64_t rights, const std::vector<std::string>& paths) {
    for (std::uint32_t i = 0; i < paths.size(); ++i) {
        const http::Descriptor path(::open(paths[i].c_str(), O_PATH | O_CLOEXEC));
        struct stat found {};
        if (!path || ::fstat(path.get(), &found) < 0) throw Unconfined{Stage::writable, errno, i};
        allow(ruleset, path.get(), S_ISDIR(found.st_mode) ? rights : rights & kOfFiles);
    }
    for (const char* each : {"/dev/null", "/dev/zero", "/dev/full"}) // what is written there is nowhere
        if (const http::Descriptor path(::open(each, O_PATH | O_CLOEXEC)); path)
            allow(ruleset, path.get(), rights & kOfFiles);
}

} // namespace

int landlockAbi() {
    const auto abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 0 ? 0 : static_cast<int>(abi);
}

void confineFiles(const Order& order) {
    const int abi = landlockAbi();
    if (abi < 1 && order.readOnly) throw Unconfined{Stage::landlock, errno};
    if (abi < 2 && !order.readOnly) return; // which would forbid renaming across directories, and allow nothing else
    Ruleset wanted;
    wanted.files = order.readOnly ? writing(abi) : LANDLOCK_ACCESS_FS_MAKE_BLOCK | kRefer;
    if (abi >= 6) wanted.scoped = kScopeSignal;
    const http::Descriptor ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &wanted, sizeof wanted, 0)));
    if (!ruleset) throw Unconfined{Stage::landlock, errno};
    if (order.readOnly) {
        allowWriting(ruleset.get(), wanted.files, order.writable);
    } else if (const http::Descriptor root(::open("/", O_PATH | O_CLOEXEC)); root) {
        allow(ruleset.get(), root.get(), kRefer);
    }
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) < 0) throw Unconfined{Stage::landlock, errno};
}

} // namespace talome::process

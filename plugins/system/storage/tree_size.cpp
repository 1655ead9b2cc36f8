#include "storage/tree_size.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <unordered_set>
#include <vector>

namespace talome::system {

namespace {

constexpr std::size_t kDeepest = 256;
constexpr std::size_t kMostLinks = 1'000'000; // of files with several names; those above count each time
constexpr unsigned kAskEvery = 1000;

// ioprio_set(2): the C library has no wrapper.
constexpr int kWhoProcess = 1, kIdleClass = 3 << 13;

/// A folder on the same file system; below 0: none, with errno.
int openFolder(int in, const char* name) {
    open_how how{};
    how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | O_NOATIME;
    how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH;
    long fd = ::syscall(SYS_openat2, in, name, &how, sizeof how);
    if (fd < 0 && errno == EPERM) { // somebody else's: only its owner may leave the time as it is
        how.flags &= ~static_cast<std::uint64_t>(O_NOATIME);
        fd = ::syscall(SYS_openat2, in, name, &how, sizeof how);
    }
    return static_cast<int>(fd);
}

struct Folder {
    std::unique_ptr<DIR, int (*)(DIR*)> stream;
    std::string name;
    std::uint64_t bytesBefore, filesBefore; ///< what had been counted when it was entered
};

class Walk {
public:
    Walk(const std::function<bool(std::uint64_t)>& goOn, const std::function<void(FolderTotal)>& eachFolder)
        : goOn_(goOn), eachFolder_(eachFolder) {}

    std::optional<TreeSize> start(const std::string& path) {
        const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0) return errno == EACCES ? std::optional(TreeSize{0, 0, 1, false}) : std::nullopt;
        push(fd, {});
        while (!open_.empty() && !size_.cut) step();
        return size_;
    }

private:
    void push(int fd, std::string name) {
        const auto bytes = size_.bytes, files = size_.files;
        struct stat about {};
        if (::fstat(fd, &about) == 0) size_.bytes += static_cast<std::uint64_t>(about.st_blocks) * 512;
        std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), &::closedir);
        if (stream)
            open_.push_back({std::move(stream), std::move(name), bytes, files});
        else {
            ::close(fd);
            ++size_.unreadable;
        }
    }

    void step() {
        const dirent* entry = ::readdir(open_.back().stream.get());
        if (!entry) {
            tell();
            open_.pop_back();
            return;
        }
        const char* name = entry->d_name;
        if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) return;
        if (++seen_ % kAskEvery == 0 && !goOn_(size_.bytes)) size_.cut = true;
        const int folder = ::dirfd(open_.back().stream.get());
        if (entry->d_type == DT_DIR)
            enter(folder, name);
        else
            count(folder, name);
    }

    void tell() const {
        const std::size_t depth = open_.size() - 1;
        if (!eachFolder_ || depth == 0 || depth > static_cast<std::size_t>(kToldDepth)) return;
        FolderTotal total{{}, static_cast<int>(depth), size_.bytes - open_.back().bytesBefore,
                          size_.files - open_.back().filesBefore};
        for (std::size_t i = 1; i < open_.size(); ++i) total.path.append(i > 1 ? "/" : "").append(open_[i].name);
        eachFolder_(std::move(total));
    }

    void enter(int in, const char* name) {
        const int fd = openFolder(in, name);
        if (fd < 0) {
            if (errno == EACCES || errno == EPERM) ++size_.unreadable;
            return; // another file system, or it has just gone
        }
        if (open_.size() >= kDeepest) {
            ::close(fd);
            size_.cut = true;
            return;
        }
        push(fd, name);
    }

    // A file can be mounted as well: what is known without asking is enough.
    void count(int in, const char* name) {
        struct statx about {};
        const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
        if (::statx(in, name, flags, STATX_BLOCKS | STATX_NLINK | STATX_INO | STATX_TYPE, &about) != 0) return;
        if (S_ISDIR(about.stx_mode)) { // of a file system that does not say so while listing
            enter(in, name);
            return;
        }
        if (about.stx_nlink > 1 && links_.size() < kMostLinks && !links_.insert(about.stx_ino).second) return;
        ++size_.files;
        size_.bytes += about.stx_blocks * 512;
    }

    const std::function<bool(std::uint64_t)>& goOn_;
    const std::function<void(FolderTotal)>& eachFolder_;
    TreeSize size_;
    std::vector<Folder> open_;
    std::unordered_set<std::uint64_t> links_;
    unsigned seen_ = 0;
};

} // namespace

std::optional<TreeSize> measureTree(const std::string& path, const std::function<bool(std::uint64_t)>& goOn,
                                    const std::function<void(FolderTotal)>& eachFolder) {
    return Walk(goOn, eachFolder).start(path);
}

IdleReading::IdleReading() : before_(static_cast<int>(::syscall(SYS_ioprio_get, kWhoProcess, 0))) {
    ::syscall(SYS_ioprio_set, kWhoProcess, 0, kIdleClass);
}
IdleReading::~IdleReading() { ::syscall(SYS_ioprio_set, kWhoProcess, 0, before_ < 0 ? 0 : before_); }

} // namespace talome::system

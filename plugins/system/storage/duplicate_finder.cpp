#include "storage/duplicate_finder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>

namespace talome::system {

namespace {

constexpr std::size_t kMostFiles = 300'000, kMostGroups = 200, kMostPaths = 50, kDeepest = 64;
constexpr std::size_t kBeginning = 64 * 1024, kPiece = 256 * 1024;

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

private:
    const int fd_;
};

int openBelow(int root, const std::string& path, std::uint64_t flags) {
    open_how how{};
    how.flags = flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOATIME;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
    long fd = ::syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how);
    if (fd < 0 && errno == EPERM) { // somebody else's: only its owner may leave the time as it is
        how.flags &= ~static_cast<std::uint64_t>(O_NOATIME);
        fd = ::syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how);
    }
    return static_cast<int>(fd);
}

using Digest = std::string;
using BySize = std::map<std::uint64_t, std::vector<std::string>>;

class Finder {
public:
    Finder(int root, std::uint64_t leastBytes, const std::function<bool(double)>& goOn)
        : root_(root), leastBytes_(leastBytes), goOn_(goOn) {}

    DuplicateReport find() {
        folder("", 0);
        std::erase_if(bySize_, [](const auto& each) { return each.second.size() < 2; });
        for (const auto& [size, paths] : bySize_) toRead_ += size * paths.size();
        for (const auto& [size, paths] : bySize_) same(size, paths);
        auto& groups = report_.groups;
        std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.wastedBytes > b.wastedBytes; });
        groups.resize(std::min(groups.size(), kMostGroups));
        return std::move(report_);
    }

private:
    bool goOn() {
        if (!report_.cut && !goOn_(toRead_ ? static_cast<double>(seen_) / static_cast<double>(toRead_) : 0)) report_.cut = true;
        return !report_.cut;
    }

    void folder(const std::string& path, std::size_t depth) {
        const int fd = openBelow(root_, path, O_RDONLY | O_DIRECTORY);
        if (fd < 0) return; // not ours to read, another file system, or gone
        const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), &::closedir);
        if (!stream) {
            ::close(fd);
            return;
        }
        if (!goOn()) return;
        while (const dirent* entry = ::readdir(stream.get())) {
            const std::string_view name = entry->d_name;
            if (name == "." || name == "..") continue;
            const std::string whole = (path.empty() ? "" : path + "/").append(name);
            if (entry->d_type == DT_DIR) { // not asked what it is: something that hangs may be mounted there
                if (depth < kDeepest) folder(whole, depth + 1);
                if (report_.cut) return;
                continue;
            }
            if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN) continue;
            struct statx about {};
            const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
            if (::statx(::dirfd(stream.get()), entry->d_name, flags, STATX_BASIC_STATS, &about) != 0) continue;
            if (S_ISDIR(about.stx_mode) && depth < kDeepest) folder(whole, depth + 1);
            const std::uint64_t size = about.stx_size;
            if (!S_ISREG(about.stx_mode) || size < leastBytes_ || size == 0) continue;
            if (about.stx_nlink > 1 && !links_.insert(about.stx_ino).second) continue;
            if (static_cast<std::size_t>(++report_.files) > kMostFiles) report_.cut = true;
            if (report_.cut) return;
            bySize_[size].push_back(whole);
        }
    }

    /// Of the first `most` bytes; nothing if it cannot be read, or has another size by now.
    std::optional<Digest> digest(const std::string& path, std::uint64_t size, std::uint64_t most) {
        const Descriptor file(openBelow(root_, path, O_RDONLY));
        struct stat about {};
        if (!file || ::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode) || static_cast<std::uint64_t>(about.st_size) != size)
            return std::nullopt;
        const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> hash(::EVP_MD_CTX_new(), &::EVP_MD_CTX_free);
        if (!hash || ::EVP_DigestInit_ex(hash.get(), ::EVP_sha256(), nullptr) != 1) return std::nullopt;
        buffer_.resize(kPiece);
        std::uint64_t done = 0;
        const std::uint64_t end = std::min(size, most);
        while (done < end) {
            const ssize_t n = ::read(file.get(), buffer_.data(), std::min<std::uint64_t>(buffer_.size(), end - done));
            if (n <= 0 || ::EVP_DigestUpdate(hash.get(), buffer_.data(), static_cast<std::size_t>(n)) != 1) return std::nullopt;
            done += static_cast<std::uint64_t>(n);
            if (!goOn()) return std::nullopt;
        }
        ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED); // others' files stay in memory rather than these
        unsigned char bytes[EVP_MAX_MD_SIZE];
        unsigned length = 0;
        if (::EVP_DigestFinal_ex(hash.get(), bytes, &length) != 1) return std::nullopt;
        return Digest(reinterpret_cast<const char*>(bytes), length);
    }

    std::map<Digest, std::vector<std::string>> grouped(const std::vector<std::string>& paths, std::uint64_t size, std::uint64_t most) {
        std::map<Digest, std::vector<std::string>> groups;
        for (const std::string& path : paths)
            if (auto known = digest(path, size, most)) groups[*known].push_back(path);
        std::erase_if(groups, [](const auto& each) { return each.second.size() < 2; });
        return groups;
    }

    void same(std::uint64_t size, const std::vector<std::string>& paths) {
        for (auto& [beginning, alike] : grouped(paths, size, kBeginning)) {
            auto groups = size <= kBeginning ? std::map<Digest, std::vector<std::string>>{{beginning, alike}}
                                             : grouped(alike, size, size);
            for (auto& [whole, each] : groups) {
                DuplicateGroup group{size, size * (each.size() - 1), static_cast<std::int64_t>(each.size()), std::move(each)};
                std::sort(group.paths.begin(), group.paths.end());
                group.paths.resize(std::min(group.paths.size(), kMostPaths));
                report_.wastedBytes += group.wastedBytes;
                report_.groups.push_back(std::move(group));
            }
        }
        seen_ += size * paths.size();
    }

    const int root_;
    const std::uint64_t leastBytes_;
    const std::function<bool(double)>& goOn_;
    DuplicateReport report_;
    BySize bySize_;
    std::set<std::uint64_t> links_; ///< inodes of files with several names
    std::string buffer_;
    std::uint64_t seen_ = 0, toRead_ = 0;
};

} // namespace

std::optional<DuplicateReport> findDuplicates(const std::string& root, const std::string& below,
                                              std::uint64_t leastBytes,
                                              const std::function<bool(double)>& goOn) {
    const Descriptor folder(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!folder) return std::nullopt;
    const Descriptor within(openBelow(folder.get(), below, O_RDONLY | O_DIRECTORY));
    if (!within) return std::nullopt;
    return Finder(within.get(), leastBytes, goOn).find();
}

} // namespace talome::system

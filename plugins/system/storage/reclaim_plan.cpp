// A file is first given another name in its folder, so that whoever looks for it by its name cannot be given what is
// deleted a moment later; then it is looked at once more, and gets its name back if it has changed meanwhile.
#include "storage/reclaim_plan.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>

namespace talome::system {

namespace {

constexpr std::int64_t kPlanMs = 15 * 60'000;
constexpr std::size_t kMostPlans = 64, kMostPlansOfUser = 4;
constexpr auto kSearchedFor = std::chrono::minutes(1), kOld = std::chrono::minutes(10);
constexpr int kDeepest = 16;
constexpr std::size_t kMostLooked = 200'000;

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
    int fd_;
};

int openBelow(int root, const std::string& relative, std::uint64_t flags) {
    open_how how{};
    how.flags = flags | O_CLOEXEC | O_NOFOLLOW;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(::syscall(SYS_openat2, root, relative.empty() ? "." : relative.c_str(), &how, sizeof how));
}

int openRoot(const std::string& path) { return ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW); }

Seen seenOf(const struct stat& s) {
    return {s.st_dev, s.st_ino, static_cast<std::uint64_t>(s.st_size), static_cast<std::uint64_t>(s.st_blocks),
            s.st_mtim.tv_sec * 1'000'000'000LL + s.st_mtim.tv_nsec, s.st_ctim.tv_sec * 1'000'000'000LL + s.st_ctim.tv_nsec};
}

std::string randomName() {
    unsigned char bytes[16];
    if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes) throw Error(TALOME_E_INTERNAL, "there are no random numbers");
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : bytes) (text += digits[byte >> 4]) += digits[byte & 15];
    return text;
}

bool fits(const ReclaimRule& rule, std::string_view name) {
    return rule.endings.empty() || std::any_of(rule.endings.begin(), rule.endings.end(),
                                               [&](const std::string& ending) { return name.size() > ending.size() && name.ends_with(ending); });
}

bool larger(const PlannedFile& a, const PlannedFile& b) { return a.shown.bytes > b.shown.bytes; }

/// The largest that have been found; at the front of the heap the smallest of them.
struct Found {
    std::vector<PlannedFile> heap;
    std::size_t looked = 0;

    void add(PlannedFile file) {
        if (heap.size() >= kMostPlanned) {
            if (!larger(file, heap.front())) return;
            std::pop_heap(heap.begin(), heap.end(), larger);
            heap.pop_back();
        }
        heap.push_back(std::move(file));
        std::push_heap(heap.begin(), heap.end(), larger);
    }
};

class Finder {
public:
    Finder(const ReclaimRule& rule, std::int64_t nowMs, Found& found) : rule_(rule), nowMs_(nowMs), found_(found) {}
    void start() {
        const Descriptor root(openRoot(rule_.root));
        if (root) folder(root.get(), "", 0);
    }

private:
    void folder(int root, const std::string& relative, int depth) {
        const int fd = openBelow(root, relative, O_RDONLY | O_DIRECTORY);
        if (fd < 0) return;
        const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), &::closedir);
        if (!stream) {
            ::close(fd);
            return;
        }
        // What cannot be removed is not shown: where the unit shows the system read-only, this says so.
        const bool mayRemove = ::faccessat(fd, ".", W_OK | X_OK, 0) == 0;
        while (const dirent* entry = ::readdir(stream.get())) {
            const std::string name = entry->d_name;
            if (name == "." || name == "..") continue;
            if (++found_.looked > kMostLooked) return;
            const std::string path = relative.empty() ? name : relative + "/" + name;
            const Descriptor file(openBelow(root, path, O_PATH));
            struct stat about {};
            if (!file || ::fstat(file.get(), &about) != 0) continue;
            if (S_ISDIR(about.st_mode) && rule_.deep && depth < kDeepest) folder(root, path, depth + 1);
            if (!mayRemove || !S_ISREG(about.st_mode) || about.st_nlink != 1 || !fits(rule_, name)) continue;
            const std::int64_t ageMs = nowMs_ - about.st_mtim.tv_sec * 1000LL;
            if (ageMs < rule_.minAgeDays * 86'400'000LL) continue;
            PlannedFile planned{{}, rule_.root, path, seenOf(about)};
            planned.shown.kind = rule_.kind;
            planned.shown.path = rule_.root + "/" + path;
            planned.shown.bytes = planned.seen.blocks * 512;
            planned.shown.reason = rule_.reason;
            planned.shown.risk = rule_.risk;
            found_.add(std::move(planned));
        }
    }

    const ReclaimRule& rule_;
    const std::int64_t nowMs_;
    Found& found_;
};

/// A lease is only given of a file that nobody has open for writing (fcntl(2)). Where it cannot be had, as of other
/// owners' files without the privilege, nothing is known, and the times decide.
bool isWritten(int root, const std::string& relative) {
    const Descriptor file(openBelow(root, relative, O_RDONLY | O_NONBLOCK));
    if (!file) return false;
    if (::fcntl(file.get(), F_SETLEASE, F_RDLCK) == 0) {
        ::fcntl(file.get(), F_SETLEASE, F_UNLCK);
        return false;
    }
    return errno == EAGAIN;
}

} // namespace

std::vector<PlannedFile> findReclaimable(const std::vector<ReclaimRule>& rules, std::int64_t nowMs) {
    Found all;
    for (const ReclaimRule& rule : rules) Finder(rule, nowMs, all).start();
    auto found = std::move(all.heap);
    std::sort_heap(found.begin(), found.end(), larger);
    for (std::size_t i = 0; i < found.size(); ++i) found[i].shown.id = found[i].shown.kind + "-" + std::to_string(i + 1);
    return found;
}

Removed removeIfSame(const PlannedFile& file) {
    Removed answer{file.shown.id, file.shown.path, false, 0, {}};
    const auto refuse = [&](std::string why) {
        answer.reason = std::move(why);
        return answer;
    };
    const Descriptor root(openRoot(file.root));
    if (!root) return refuse("its folder is gone");
    const Descriptor opened(openBelow(root.get(), file.relative, O_PATH));
    struct stat about {};
    if (!opened || ::fstat(opened.get(), &about) != 0) return refuse("it is gone");
    if (seenOf(about) != file.seen) return refuse("it has changed since it was shown");
    if (isWritten(root.get(), file.relative)) return refuse("somebody writes to it");

    const auto slash = file.relative.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : file.relative.substr(0, slash);
    const std::string name = slash == std::string::npos ? file.relative : file.relative.substr(slash + 1);
    const Descriptor directory(openBelow(root.get(), folder, O_RDONLY | O_DIRECTORY));
    if (!directory) return refuse("its folder cannot be opened: " + std::string(std::strerror(errno)));
    const std::string aside = ".talome-reclaim-" + randomName();
    if (::syscall(SYS_renameat2, directory.get(), name.c_str(), directory.get(), aside.c_str(), RENAME_NOREPLACE) != 0)
        return refuse(std::string("it cannot be removed: ") + std::strerror(errno));
    struct stat again {};
    Seen now{};
    if (::fstatat(directory.get(), aside.c_str(), &again, AT_SYMLINK_NOFOLLOW) == 0) now = seenOf(again);
    now.changedNs = file.seen.changedNs; // the new name has changed that
    if (now != file.seen) {
        if (::syscall(SYS_renameat2, directory.get(), aside.c_str(), directory.get(), name.c_str(), RENAME_NOREPLACE) != 0)
            return refuse("it has changed since it was shown, and is now named " + aside);
        return refuse("it has changed since it was shown");
    }
    if (::unlinkat(directory.get(), aside.c_str(), 0) != 0) {
        const std::string why = std::strerror(errno);
        if (::syscall(SYS_renameat2, directory.get(), aside.c_str(), directory.get(), name.c_str(), RENAME_NOREPLACE) != 0)
            return refuse("it cannot be removed, and is now named " + aside + ": " + why);
        return refuse("it cannot be removed: " + why);
    }
    answer.removed = true;
    answer.bytes = file.shown.bytes;
    return answer;
}

ReclaimSearch::Files ReclaimSearch::look() {
    const std::lock_guard one(searching_);
    {
        const std::lock_guard lock(mutex_);
        if (files_ && Clock::now() - at_ < kSearchedFor) return files_;
    }
    auto files = std::make_shared<const std::vector<PlannedFile>>(find_());
    const std::lock_guard lock(mutex_);
    at_ = Clock::now();
    return files_ = std::move(files);
}

ReclaimSearch::Files ReclaimSearch::known() const {
    const std::lock_guard lock(mutex_);
    return files_;
}

bool ReclaimSearch::isOld() const {
    const std::lock_guard lock(mutex_);
    return !files_ || Clock::now() - at_ > kOld;
}

void ReclaimSearch::forget() {
    const std::lock_guard lock(mutex_);
    files_.reset();
}

std::string ReclaimPlans::keep(std::vector<PlannedFile> files, const std::string& user, std::int64_t nowMs) {
    const std::string token = randomName();
    const std::lock_guard lock(mutex_);
    std::erase_if(plans_, [&](const auto& each) { return each.second.untilMs < nowMs; });
    const auto theirs = [&](const auto& each) { return each.second.user == user; };
    const bool full = plans_.size() >= kMostPlans;
    if (full || std::count_if(plans_.begin(), plans_.end(), theirs) >= static_cast<std::ptrdiff_t>(kMostPlansOfUser)) {
        auto oldest = plans_.end();
        for (auto it = plans_.begin(); it != plans_.end(); ++it)
            if ((full || theirs(*it)) && (oldest == plans_.end() || it->second.untilMs < oldest->second.untilMs)) oldest = it;
        plans_.erase(oldest);
    }
    plans_[token] = {std::move(files), user, nowMs + kPlanMs};
    return token;
}

const ReclaimPlans::Plan& ReclaimPlans::find(const std::string& token, std::int64_t nowMs) const {
    const auto it = plans_.find(token);
    if (it == plans_.end() || it->second.untilMs < nowMs)
        throw Conflict("this preview is no longer valid: look again with GET /api/storage/reclaimable");
    return it->second;
}

std::vector<PlannedFile> ReclaimPlans::look(const std::string& token, std::int64_t nowMs) const {
    const std::lock_guard lock(mutex_);
    return find(token, nowMs).files;
}

std::vector<PlannedFile> ReclaimPlans::take(const std::string& token, std::int64_t nowMs) {
    const std::lock_guard lock(mutex_);
    auto files = find(token, nowMs).files;
    plans_.erase(token);
    return files;
}

} // namespace talome::system

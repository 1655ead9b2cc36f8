#include "mounts/mount_prober.hpp"

#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>

namespace talome::system {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostThreads = 2 * kMostWaiting;

/// A thread that waits in the kernel for a file system cannot always be killed, and then its process ends only when it
/// does. It must not keep open what the process had, such as the port, which the next one needs.
void letGoOfDescriptors() {
    if (::unshare(CLONE_FILES) == 0) ::close_range(0, ~0u, 0);
}

std::string keyOf(const Mount& mount) { return std::to_string(mount.id) + " " + mount.device + " " + mount.path; }

} // namespace

struct MountProber::Shared {
    struct Known {
        MountState state;
        bool asked = false;          // at least once, with whatever answer
        bool queued = false;         // some thread has it on its list
        bool gone = false;           // no longer mounted, but still asked
        Clock::time_point began{};   // of the question that is under way; zero: none is
    };

    explicit Shared(Ask a) : ask(std::move(a)) {}

    const Ask ask;
    mutable std::mutex mutex; // all below
    mutable std::condition_variable answered;
    std::map<std::string, Known> mounts;
    int threads = 0;

    bool stuck(const Known& known, Clock::time_point now) const {
        return known.began != Clock::time_point{} && now - known.began > kPatience;
    }
    int waiting(Clock::time_point now) const {
        int n = 0;
        for (const auto& [key, known] : mounts) n += stuck(known, now);
        return n;
    }

    void askOne(const std::string& key) {
        std::string path;
        {
            const std::lock_guard lock(mutex);
            const auto it = mounts.find(key);
            if (it == mounts.end() || it->second.began != Clock::time_point{}) return;
            it->second.began = Clock::now();
            path = it->second.state.mount.path;
        }
        Space space;
        const int error = ask(path, space);
        const std::lock_guard lock(mutex);
        if (const auto it = mounts.find(key); it != mounts.end()) {
            Known& known = it->second;
            known.began = {};
            known.asked = true;
            known.queued = false;
            known.state.problem = error ? std::generic_category().message(error) : std::string();
            known.state.at = Clock::now();
            if (!error) known.state.space = space;
        }
        answered.notify_all();
    }

    // Those that come after one that hangs are taken off its list by the next refresh().
    void askAll(const std::vector<std::string>& keys) {
        for (const std::string& key : keys) {
            {
                const std::lock_guard lock(mutex);
                const auto it = mounts.find(key);
                if (it == mounts.end() || !it->second.queued) continue;
            }
            askOne(key);
        }
        const std::lock_guard lock(mutex);
        --threads;
        answered.notify_all();
    }
};

MountProber::MountProber(Ask ask) : shared_(std::make_shared<Shared>(std::move(ask))) {}

// A thread that is about to end is given the moment that it needs.
MountProber::~MountProber() {
    std::unique_lock lock(shared_->mutex);
    const auto ended = [&] {
        const auto now = Clock::now();
        return shared_->threads <= shared_->waiting(now);
    };
    shared_->answered.wait_for(lock, kPatience + std::chrono::milliseconds(100), ended);
    shared_->mounts.clear();
}

void MountProber::refresh(const std::vector<Mount>& mounts, std::chrono::milliseconds age) {
    std::vector<std::vector<std::string>> lists(1); // the first: what is not suspect
    std::vector<std::string> rest;                   // suspect, but there are threads enough
    const std::lock_guard lock(shared_->mutex);
    const auto now = Clock::now();
    std::map<std::string, Shared::Known> next;
    for (const Mount& mount : mounts) {
        auto known = shared_->mounts.extract(keyOf(mount));
        auto& entry = known.empty() ? next[keyOf(mount)] : next.insert(std::move(known)).position->second;
        entry.state.mount = mount;
        entry.gone = false;
    }
    // One that is gone while it is asked for stays until it answers: its thread is counted.
    for (auto& [key, known] : shared_->mounts)
        if (known.began != Clock::time_point{}) next.emplace(key, std::move(known)).first->second.gone = true;
    shared_->mounts = std::move(next);
    const int waiting = shared_->waiting(now);
    if (waiting > 0) // what stands behind one that hangs
        for (auto& [key, known] : shared_->mounts)
            if (known.began == Clock::time_point{}) known.queued = false;
    for (auto& [key, known] : shared_->mounts) {
        if (known.queued || known.began != Clock::time_point{}) continue;
        const auto enough = known.state.mount.suspect ? age : std::max(age, kCalmAge);
        if (known.asked && now - known.state.at < enough) continue;
        if (waiting >= kMostWaiting && !known.state.space) continue;
        known.queued = true;
        if (!known.state.mount.suspect)
            lists[0].push_back(key);
        else if (shared_->threads + static_cast<int>(lists.size()) < kMostThreads)
            lists.push_back({key});
        else
            rest.push_back(key);
    }
    lists[0].insert(lists[0].end(), rest.begin(), rest.end());
    for (auto& list : lists) {
        if (list.empty()) continue;
        ++shared_->threads;
        try {
            // What costs most of a round is only done where a wait without end is likely.
            std::thread([shared = shared_, keys = list, suspect = &list != &lists[0] || !rest.empty()] {
                if (suspect) letGoOfDescriptors();
                shared->askAll(keys);
            }).detach();
        } catch (const std::system_error&) { // no more threads: asked the next time
            --shared_->threads;
            for (const auto& key : list) shared_->mounts[key].queued = false;
        }
    }
}

void MountProber::awaitFirst(std::chrono::milliseconds most) const {
    std::unique_lock lock(shared_->mutex);
    shared_->answered.wait_for(lock, most, [&] {
        for (const auto& [key, known] : shared_->mounts)
            if (!known.asked && !known.state.mount.suspect) return false;
        return true;
    });
}

std::vector<MountState> MountProber::state() const {
    std::vector<MountState> states;
    const std::lock_guard lock(shared_->mutex);
    const auto now = Clock::now();
    for (const auto& [key, known] : shared_->mounts) {
        if (known.gone) continue;
        states.push_back(known.state);
        if (!shared_->stuck(known, now)) continue;
        states.back().unresponsive = true;
        states.back().since = known.began;
        states.back().problem = "it does not answer";
    }
    std::sort(states.begin(), states.end(), [](const auto& a, const auto& b) { return a.mount.path < b.mount.path; });
    return states;
}

int MountProber::waiting() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->waiting(Clock::now());
}

int askKernel(const std::string& path, Space& space) {
    struct statvfs found {};
    if (::statvfs(path.c_str(), &found) != 0) return errno;
    space.total = found.f_blocks * found.f_frsize;
    space.free = found.f_bfree * found.f_frsize;
    space.available = found.f_bavail * found.f_frsize;
    space.files = found.f_files;
    space.filesFree = found.f_ffree;
    return 0;
}

} // namespace talome::system

#include "host/gate/open_streams.hpp"

#include <algorithm>

namespace talome::gate {

std::uint64_t OpenStreams::add(const void* owner, std::string permission, std::shared_ptr<const Principal> principal,
                               Dismiss dismiss) {
    std::unique_lock lock(mutex_);
    const auto number = next_++;
    entries_.emplace(number, Entry{owner, std::move(permission), std::move(principal), std::move(dismiss)});
    const bool first = entries_.size() == 1;
    lock.unlock();
    if (first) onFirst_();
    return number;
}

void OpenStreams::remove(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    entries_.erase(number);
}

std::size_t OpenStreams::count() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

void OpenStreams::review(const Refresh& refresh, const Flags& flags) {
    std::vector<std::pair<std::uint64_t, Entry>> open;
    {
        const std::lock_guard lock(mutex_);
        open.assign(entries_.begin(), entries_.end());
    }
    for (const auto& [number, entry] : open) {
        if (!entry.principal->authenticated) continue; // a public stream
        const auto now = refresh(*entry.principal);
        const auto& was = *entry.principal;
        if (!now)
            entry.dismiss("the session is over", false);
        else if (!isGranted(*now, entry.permission, flags))
            entry.dismiss("the permission was taken away", false);
        else if (now->role != was.role || now->flags != was.flags || now->flagsMalformed != was.flagsMalformed)
            entry.dismiss("the user's rights have changed", true);
    }
}

std::size_t OpenStreams::count(const void* owner) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::ranges::count_if(entries_, [&](const auto& each) { return each.second.owner == owner; }));
}

void OpenStreams::dismiss(const void* owner, const std::string& reason) {
    std::vector<Dismiss> wanted;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [number, entry] : entries_)
            if (entry.owner == owner) wanted.push_back(entry.dismiss);
    }
    for (const auto& each : wanted) each(reason, true);
}

} // namespace talome::gate

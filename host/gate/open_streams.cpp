#include "host/gate/open_streams.hpp"

namespace talome::gate {

std::uint64_t OpenStreams::add(std::string plugin, std::string permission, std::shared_ptr<const Principal> principal,
                               std::shared_ptr<http::StreamHandle> handle) {
    const std::lock_guard lock(mutex_);
    const auto number = next_++;
    entries_.emplace(number, Entry{std::move(plugin), std::move(permission), std::move(principal), std::move(handle)});
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
    for (auto& [number, entry] : open) {
        if (!entry.principal->authenticated) continue; // a public stream
        auto now = refresh(*entry.principal);
        if (!now || !isGranted(*now, entry.permission, flags)) {
            entry.handle->dismiss(now ? "the permission was taken away" : "the session is over");
            continue;
        }
        const std::lock_guard lock(mutex_);
        if (const auto it = entries_.find(number); it != entries_.end()) it->second.principal = std::move(now);
    }
}

void OpenStreams::dismiss(const std::string& plugin, const std::string& reason) {
    std::vector<std::shared_ptr<http::StreamHandle>> handles;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [number, entry] : entries_)
            if (entry.plugin == plugin) handles.push_back(entry.handle);
    }
    for (const auto& handle : handles) handle->dismiss(reason);
}

} // namespace talome::gate

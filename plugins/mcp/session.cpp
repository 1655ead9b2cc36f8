#include "session.hpp"

#include "protocol/request_state.hpp"

#include <algorithm>

namespace talome::mcp {

void Pending::answer(boost::json::object response) {
    {
        const std::lock_guard lock(mutex_);
        if (!response_) response_ = std::move(response);
    }
    came_.notify_all();
}

std::optional<boost::json::object> Pending::wait(std::chrono::milliseconds limit,
                                                 const std::function<bool()>& stopped) {
    constexpr auto look = std::chrono::milliseconds(100);
    const auto end = std::chrono::steady_clock::now() + limit;
    std::unique_lock lock(mutex_);
    while (!response_) {
        if (std::chrono::steady_clock::now() >= end) return std::nullopt;
        came_.wait_for(lock, look);
        if (response_) break;
        lock.unlock();
        const bool over = stopped();
        lock.lock();
        if (over && !response_) return std::nullopt;
    }
    return std::move(response_);
}

SessionPtr Sessions::create(std::string owner, std::string version, boost::json::object capabilities,
                            std::int64_t nowMs) {
    auto session = std::make_shared<Session>();
    session->id = randomText(24);
    session->owner = std::move(owner);
    session->version = std::move(version);
    session->capabilities = std::move(capabilities);
    session->usedAt = nowMs;
    const std::lock_guard lock(mutex_);
    sweep(nowMs);
    const auto own =
        std::ranges::count_if(sessions_, [&](const auto& each) { return each.second->owner == session->owner; });
    if ((static_cast<std::size_t>(own) >= kMostOfOwner && !dropIdlest(&session->owner)) ||
        (sessions_.size() >= kMost && !dropIdlest(nullptr)))
        throw Limited("too many sessions are open");
    sessions_.emplace(session->id, session);
    return session;
}

/// Under the lock.
void Sessions::sweep(std::int64_t nowMs) {
    std::erase_if(sessions_, [&](const auto& each) {
        const std::lock_guard lock(each.second->mutex);
        const bool open = each.second->stream && each.second->stream.queued();
        return !open && each.second->usedAt + kIdleMs < nowMs;
    });
}

/// Under the lock: the one without a stream that has been quiet longest. False if each has a stream.
bool Sessions::dropIdlest(const std::string* owner) {
    auto idlest = sessions_.end();
    for (auto it = sessions_.begin(); it != sessions_.end(); ++it) {
        const std::lock_guard lock(it->second->mutex);
        if ((owner && it->second->owner != *owner) || (it->second->stream && it->second->stream.queued())) continue;
        if (idlest == sessions_.end() || it->second->usedAt < idlest->second->usedAt) idlest = it;
    }
    if (idlest == sessions_.end()) return false;
    sessions_.erase(idlest);
    return true;
}

SessionPtr Sessions::find(const std::string& id, const std::string& owner, std::int64_t nowMs) {
    const std::lock_guard lock(mutex_);
    const auto it = sessions_.find(id);
    if (it == sessions_.end() || it->second->owner != owner) return nullptr;
    const std::lock_guard used(it->second->mutex);
    const bool open = it->second->stream && it->second->stream.queued();
    if (!open && it->second->usedAt + kIdleMs < nowMs) return nullptr; // the next sweep takes it
    it->second->usedAt = nowMs;
    return it->second;
}

bool Sessions::remove(const std::string& id, const std::string& owner) {
    SessionPtr last; // let go outside of the lock
    const std::lock_guard lock(mutex_);
    const auto it = sessions_.find(id);
    if (it == sessions_.end() || it->second->owner != owner) return false;
    last = std::move(it->second);
    sessions_.erase(it);
    return true;
}

std::vector<SessionPtr> Sessions::all() const {
    const std::lock_guard lock(mutex_);
    std::vector<SessionPtr> all;
    for (const auto& [id, session] : sessions_) all.push_back(session);
    return all;
}

void Sessions::clear() {
    std::map<std::string, SessionPtr> last;
    const std::lock_guard lock(mutex_);
    last.swap(sessions_);
}

} // namespace talome::mcp

#include "approvals.hpp"

#include "protocol/request_state.hpp"

namespace talome::mcp {

std::string Approvals::of(const std::string& call, std::int64_t nowMs) const {
    const std::lock_guard lock(mutex_);
    if (asked_.empty()) return {}; // as it mostly is
    const auto it = asked_.find(digestOf(call));
    return it == asked_.end() || it->second.until <= nowMs ? std::string() : it->second.approval;
}

void Approvals::remember(const std::string& call, const std::string& approval, std::int64_t nowMs) {
    const auto digest = digestOf(call);
    const std::lock_guard lock(mutex_);
    if (asked_.insert_or_assign(digest, Asked{approval, nowMs + kLifetimeMs}).second) order_.push_back(digest);
    while (order_.size() > kMost) {
        asked_.erase(order_.front());
        order_.pop_front();
    }
}

void Approvals::forget(const std::string& call) {
    const std::lock_guard lock(mutex_);
    asked_.erase(digestOf(call));
}

} // namespace talome::mcp

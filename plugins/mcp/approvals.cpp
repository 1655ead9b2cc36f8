#include "approvals.hpp"

namespace talome::mcp {

std::string Approvals::of(const std::string& call, std::int64_t nowMs) const {
    const std::lock_guard lock(mutex_);
    const auto it = asked_.find(call);
    return it == asked_.end() || it->second.until <= nowMs ? std::string() : it->second.approval;
}

void Approvals::remember(const std::string& call, const std::string& approval, std::int64_t nowMs) {
    const std::lock_guard lock(mutex_);
    if (asked_.insert_or_assign(call, Asked{approval, nowMs + kLifetimeMs}).second) order_.push_back(call);
    while (order_.size() > kMost) {
        asked_.erase(order_.front());
        order_.pop_front();
    }
}

void Approvals::forget(const std::string& call) {
    const std::lock_guard lock(mutex_);
    asked_.erase(call);
}

} // namespace talome::mcp

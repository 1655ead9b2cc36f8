// Slows down guessing.
#include "host/auth/limiter.hpp"

#include <algorithm>

namespace talome::auth {

namespace {
constexpr std::size_t kMostEntries = 10'000;
}

int Limiter::admit(const std::string& account, const std::string& peer, std::int64_t now, Rule rule) {
    const std::lock_guard lock(mutex_);
    auto& tries = tries_[{account, peer}];
    if (now - tries.since >= rule.windowMs) tries = {0, now};
    if (tries.failures >= rule.failures) return static_cast<int>((tries.since + rule.windowMs - now + 999) / 1000);
    ++tries.failures;
    if (tries_.size() > kMostEntries)
        std::erase_if(tries_, [&](const auto& each) { return now - each.second.since >= rule.windowMs; });
    if (tries_.size() > kMostEntries)
        tries_.erase(std::min_element(tries_.begin(), tries_.end(),
                                      [](const auto& a, const auto& b) { return a.second.since < b.second.since; }));
    return 0;
}

void Limiter::succeeded(const std::string& account, const std::string& peer) {
    const std::lock_guard lock(mutex_);
    tries_.erase({account, peer});
}

} // namespace talome::auth

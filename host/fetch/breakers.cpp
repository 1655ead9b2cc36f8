// Keeps plugins from asking a system again and again that does not answer.
#include "host/fetch/breakers.hpp"

#include <algorithm>

namespace talome::fetch {

namespace {
constexpr int kFailures = 5;
constexpr std::chrono::seconds kFirst{10}, kLongest{300};
} // namespace

std::optional<std::chrono::milliseconds> Breakers::enter(const Key& key, Clock::time_point now) {
    using std::chrono::milliseconds;
    const std::lock_guard lock(mutex_);
    const auto it = breakers_.find(key);
    if (it == breakers_.end() || it->second.wait == std::chrono::seconds{0}) return std::nullopt;
    auto& breaker = it->second;
    if (now < breaker.until) return std::chrono::ceil<milliseconds>(breaker.until - now);
    if (breaker.trying) return milliseconds(1000); // somebody finds out just now
    breaker.trying = true;
    return std::nullopt;
}

void Breakers::note(const Key& key, Outcome outcome, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    if (outcome == Outcome::answered) {
        breakers_.erase(key);
        return;
    }
    auto it = breakers_.find(key);
    if (outcome == Outcome::unrelated) {
        if (it != breakers_.end()) it->second.trying = false;
        return;
    }
    if (it == breakers_.end()) {
        if (breakers_.size() >= kMost) forgetOne();
        it = breakers_.emplace(key, Breaker{}).first;
    }
    auto& breaker = it->second;
    if (++breaker.failures < kFailures) return;
    // Requests that were under way when it opened fail after it: they are not the one that tried.
    if (breaker.wait != std::chrono::seconds{0} && !breaker.trying) return;
    breaker.trying = false;
    breaker.wait = breaker.wait == std::chrono::seconds{0} ? kFirst : std::min(breaker.wait * 2, kLongest);
    breaker.until = now + breaker.wait;
}

void Breakers::forgetOne() {
    breakers_.erase(std::min_element(breakers_.begin(), breakers_.end(), [](const auto& one, const auto& other) {
        return one.second.until < other.second.until;
    }));
}

} // namespace talome::fetch

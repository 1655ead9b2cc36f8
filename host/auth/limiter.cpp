// Slows down guessing.
#include "host/auth/limiter.hpp"

#include <Poco/Net/IPAddress.h>
#include <algorithm>

namespace talome::auth {

namespace {

constexpr std::size_t kMostEntries = 10'000;

template <class Map> void dropOldest(Map& entries, std::int64_t now, std::int64_t windowMs) {
    if (entries.size() <= kMostEntries) return;
    std::erase_if(entries, [&](const auto& each) { return now - each.second.since >= windowMs; });
    if (entries.size() > kMostEntries)
        entries.erase(std::min_element(entries.begin(), entries.end(),
                                       [](const auto& a, const auto& b) { return a.second.since < b.second.since; }));
}

} // namespace

std::string networkOf(const std::string& peer) {
    Poco::Net::IPAddress address;
    if (!Poco::Net::IPAddress::tryParse(peer.substr(0, peer.find('%')), address)) return peer;
    if (address.family() == Poco::Net::IPAddress::IPv4) return address.toString();
    if (address.isIPv4Mapped()) { // ::ffff:192.0.2.1
        const auto* bytes = static_cast<const unsigned char*>(address.addr());
        return Poco::Net::IPAddress(bytes + 12, 4).toString();
    }
    return (address & Poco::Net::IPAddress(64, Poco::Net::IPAddress::IPv6)).toString() + "/64";
}

int Limiter::admit(const std::string& account, const std::string& peer, std::int64_t now, Rule rule) {
    const auto network = networkOf(peer);
    const std::lock_guard lock(mutex_);
    const auto wait = [&](const Tries& tries, int most) {
        const auto left = tries.since + rule.windowMs - now;
        return left > 0 && tries.failures >= most ? static_cast<int>((left + 999) / 1000) : 0;
    };
    auto& all = ofNetwork_[network];
    if (now - all.since >= rule.windowMs) all = {0, now};
    if (const int seconds = wait(all, rule.failures * kAllAccounts)) return seconds;
    auto& tries = tries_[{account, network}];
    if (now - tries.since >= rule.windowMs) tries = {0, now};
    if (const int seconds = wait(tries, rule.failures)) return seconds;
    ++tries.failures;
    ++all.failures;
    dropOldest(tries_, now, rule.windowMs);
    dropOldest(ofNetwork_, now, rule.windowMs);
    return 0;
}

void Limiter::takeBack(const std::string& network) {
    const auto all = ofNetwork_.find(network);
    if (all != ofNetwork_.end() && all->second.failures > 0) --all->second.failures;
}

void Limiter::succeeded(const std::string& account, const std::string& peer) {
    const auto network = networkOf(peer);
    const std::lock_guard lock(mutex_);
    tries_.erase({account, network});
    takeBack(network); // this one try only: an account of one's own must not buy tries on others
}

void Limiter::undone(const std::string& account, const std::string& peer) {
    const auto network = networkOf(peer);
    const std::lock_guard lock(mutex_);
    const auto tries = tries_.find({account, network});
    if (tries != tries_.end() && tries->second.failures > 0) --tries->second.failures;
    takeBack(network);
}

} // namespace talome::auth

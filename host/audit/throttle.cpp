// Strangers must not fill the disk.
#include "host/audit/throttle.hpp"

#include "host/log/log.hpp"

#include <Poco/Net/IPAddress.h>
#include <algorithm>

namespace talome::audit {

namespace {

constexpr std::int64_t kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;

std::string neighbourOf(const std::string& peer) {
    Poco::Net::IPAddress address;
    if (!Poco::Net::IPAddress::tryParse(peer, address) || address.family() == Poco::Net::IPAddress::IPv4 ||
        address.isIPv4Mapped())
        return peer;
    return (address & Poco::Net::IPAddress(64, Poco::Net::IPAddress::IPv6)).toString() + "/64";
}

/// A clock that was set back ends it, too.
bool isOver(std::int64_t since, std::int64_t length, std::int64_t now) { return now - since >= length || now < since; }

} // namespace

bool Throttle::admit(const Entry& entry, std::int64_t now) {
    if (!entry.userId.empty() || (entry.outcome != "denied" && entry.outcome != "failed")) return true;
    if (isOver(day_.since, kDay, now)) day_ = {now, 0, 0};
    const auto neighbour = neighbourOf(entry.peer);
    auto it = neighbours_.find(neighbour);
    if (it != neighbours_.end() && it->second.counted == 0 && isOver(it->second.since, kMinute, now))
        it->second = {now, 0, 0};
    if (it == neighbours_.end() && neighbours_.size() >= rule_.neighbours)
        std::erase_if(neighbours_, [&](const auto& each) {
            return each.second.counted == 0 && isOver(each.second.since, kMinute, now);
        });
    if (it == neighbours_.end() && neighbours_.size() < rule_.neighbours)
        it = neighbours_.emplace(neighbour, Window{now, 0, 0}).first;
    if (it == neighbours_.end() || day_.written >= rule_.aDay) {
        if (rest_.counted++ == 0) rest_.since = now;
        return false;
    }
    if (it->second.written >= rule_.aMinute) {
        ++it->second.counted;
        return false;
    }
    ++it->second.written;
    ++day_.written;
    return true;
}

std::vector<Entry> Throttle::tell(std::int64_t now, bool all) {
    std::vector<Entry> entries;
    std::erase_if(neighbours_, [&](const auto& each) {
        const auto& [neighbour, window] = each;
        if (window.counted == 0 || (!all && !isOver(window.since, kMinute, now))) return false;
        entries.push_back(told(neighbour, window));
        return true;
    });
    if (rest_.counted > 0 && (all || isOver(rest_.since, kHour, now))) {
        entries.push_back(told("", rest_));
        rest_ = {};
    }
    return entries;
}

std::optional<std::int64_t> Throttle::tellsAt() const {
    std::optional<std::int64_t> first;
    const auto take = [&](const Window& window, std::int64_t length) {
        if (window.counted > 0 && (!first || window.since + length < *first)) first = window.since + length;
    };
    for (const auto& [neighbour, window] : neighbours_) take(window, kMinute);
    take(rest_, kHour);
    return first;
}

Entry Throttle::told(const std::string& neighbour, const Window& window) const {
    Entry entry;
    entry.action = "audit.suppressed";
    entry.tier = "read";
    entry.outcome = "denied";
    entry.origin = "rest";
    entry.credential = "none";
    entry.peer = neighbour;
    entry.input =
        "{\"count\":" + std::to_string(window.counted) + ",\"since\":\"" + log::timestamp(window.since) + "\"}";
    entry.words = std::to_string(window.counted) + " more calls without a user, of " +
                  (neighbour.empty() ? "many addresses" : "this address") +
                  ", were refused or failed; they have no rows of their own";
    return entry;
}

} // namespace talome::audit

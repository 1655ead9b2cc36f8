// Which plugin asks which host how often.
#include "host/fetch/usage.hpp"

namespace talome::fetch {

namespace {
constexpr std::size_t kMostHosts = 64;
}

void Usage::add(const HostUse& what) {
    const std::lock_guard lock(mutex_);
    auto it = hosts_.find({what.plugin, what.host});
    if (it == hosts_.end()) {
        const bool room = perPlugin_[what.plugin] < kMostHosts;
        const std::string host = room ? what.host : "*";
        const auto [made, isNew] = hosts_.try_emplace({what.plugin, host}, HostUse{what.plugin, host});
        if (isNew && room) ++perPlugin_[what.plugin];
        it = made;
    }
    auto& use = it->second;
    use.requests += what.requests;
    use.failures += what.failures;
    use.refusals += what.refusals;
    use.bytesOut += what.bytesOut;
    use.bytesIn += what.bytesIn;
}

std::vector<HostUse> Usage::all() const {
    const std::lock_guard lock(mutex_);
    std::vector<HostUse> list;
    for (const auto& [key, use] : hosts_) list.push_back(use);
    return list;
}

} // namespace talome::fetch

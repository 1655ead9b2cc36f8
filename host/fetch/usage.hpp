// Which plugin asks which host how often, how much goes and comes, and how often nothing does.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace talome::fetch {

struct HostUse {
    std::string plugin;
    std::string host; ///< an origin, or "unix:" and a path; "*": those beyond the 64 that are told apart
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;              ///< no whole answer came
    std::uint64_t refusals = 0;              ///< by the rules for addresses, or because it has failed too often
    std::uint64_t bytesOut = 0, bytesIn = 0; ///< of bodies, decoded
};

/// Any thread.
class Usage {
public:
    void add(const HostUse& what);
    std::vector<HostUse> all() const; ///< sorted

private:
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, HostUse> hosts_;
    std::map<std::string, std::size_t> perPlugin_;
};

} // namespace talome::fetch

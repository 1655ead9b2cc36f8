// What the programs of one plugin have cost so far.
#include "host/process/usage.hpp"

#include <map>
#include <mutex>
#include <string>

namespace talome::process {

Usage& usageOf(std::string_view plugin) {
    static std::mutex mutex;
    static std::map<std::string, Usage, std::less<>> all; // whose nodes do not move
    const std::lock_guard lock(mutex);
    const auto it = all.find(plugin);
    return it == all.end() ? all[std::string(plugin)] : it->second;
}

} // namespace talome::process

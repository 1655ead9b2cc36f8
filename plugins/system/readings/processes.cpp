#include "readings/processes.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace talome::system {

// pid (name) state parent … : a name may hold blanks and parentheses, so what follows the last one counts.
std::optional<ProcessReading> parseProcess(std::string_view stat) {
    const auto open = stat.find('('), close = stat.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open || close + 2 >= stat.size())
        return std::nullopt;
    ProcessReading reading;
    reading.name = stat.substr(open + 1, close - open - 1);
    Words words(stat.substr(close + 1)); // from the third field on
    const auto state = words.next();
    if (state.empty()) return std::nullopt;
    reading.state = state.front();
    reading.parent = static_cast<std::int64_t>(words.number());
    for (int field = 5; field < 14; ++field) words.next();
    reading.cpuTicks = words.number() + words.number();
    for (int field = 16; field < 20; ++field) words.next();
    reading.threads = static_cast<std::int64_t>(words.number());
    words.next(); // 21
    reading.startedTicks = static_cast<std::int64_t>(words.number());
    words.next(); // 23, virtual memory
    reading.residentBytes = words.number() * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return reading;
}

std::map<std::int64_t, ProcessReading> readProcesses(const std::string& proc) {
    std::map<std::int64_t, ProcessReading> processes;
    for (const std::string& name : namesIn(proc)) {
        std::int64_t pid = 0;
        const auto end = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (end.ec != std::errc() || end.ptr != name.data() + name.size()) continue;
        const auto stat = readFile(proc + "/" + name + "/stat", 4096);
        auto reading = stat ? parseProcess(*stat) : std::nullopt;
        if (!reading) continue; // it has ended meanwhile
        struct stat about {};
        if (::stat((proc + "/" + name).c_str(), &about) == 0) reading->uid = about.st_uid;
        processes.emplace(pid, std::move(*reading));
    }
    return processes;
}

std::vector<ProcessUse> useBetween(const std::map<std::int64_t, ProcessReading>& before,
                                   const std::map<std::int64_t, ProcessReading>& now, double seconds) {
    std::vector<ProcessUse> uses;
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    for (const auto& [pid, reading] : now) {
        ProcessUse use{pid, reading.parent, reading.threads, reading, 0};
        const auto it = before.find(pid);
        const bool same = it != before.end() && it->second.startedTicks == reading.startedTicks;
        if (same && seconds > 0 && reading.cpuTicks > it->second.cpuTicks)
            use.cpuPercent = static_cast<double>(reading.cpuTicks - it->second.cpuTicks) / ticks / seconds * 100;
        uses.push_back(std::move(use));
    }
    return uses;
}

} // namespace talome::system

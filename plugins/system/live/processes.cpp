// GET /api/system/processes: what uses the processors and the memory. Read when asked, and never else.
#include "readings/processes.hpp"

#include "services.hpp"

#include <pwd.h>

#include <algorithm>
#include <array>
#include <thread>

namespace talome::system {

namespace {

struct ProcessQuery {
    std::string sort;
    int limit = 20;
};
BOOST_DESCRIBE_STRUCT(ProcessQuery, (), (sort, limit))

struct ProcessRow {
    std::int64_t pid = 0, parent = 0;
    std::string name, user, state;
    double cpuPercent = 0; ///< of one processor
    std::uint64_t memoryBytes = 0;
    std::int64_t threads = 0;
};
BOOST_DESCRIBE_STRUCT(ProcessRow, (), (pid, parent, name, user, state, cpuPercent, memoryBytes, threads))

constexpr std::chrono::milliseconds kApart{250};

std::string userName(unsigned uid) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found) return found->pw_name;
    return std::to_string(uid);
}

class ProcessesGroup : public Group {
public:
    ProcessesGroup(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("system.processes", "Processes by what they use, without their command lines", kSystem, Tier::read,
                       this, &ProcessesGroup::list)
            .route("GET", "/api/system/processes")
            .input("sort", "By what", oneOf({"cpu", "mem"}), "cpu")
            .input("limit", "How many", range(1, 500), 20);
    }

private:
    std::vector<ProcessRow> list(const ProcessQuery& input) {
        const std::string& proc = services_.sampler.source().proc;
        const auto begun = std::chrono::steady_clock::now();
        const auto before = readProcesses(proc);
        std::this_thread::sleep_for(kApart);
        const auto now = readProcesses(proc);
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
        auto uses = useBetween(before, now, seconds.count());
        const auto byMemory = [](const ProcessUse& a, const ProcessUse& b) { return a.reading.residentBytes > b.reading.residentBytes; };
        const auto byCpu = [&](const ProcessUse& a, const ProcessUse& b) {
            return a.cpuPercent != b.cpuPercent ? a.cpuPercent > b.cpuPercent : byMemory(a, b);
        };
        input.sort == "mem" ? std::sort(uses.begin(), uses.end(), byMemory) : std::sort(uses.begin(), uses.end(), byCpu);
        if (std::ssize(uses) > input.limit) uses.resize(static_cast<std::size_t>(input.limit));
        std::vector<ProcessRow> rows;
        for (const ProcessUse& use : uses)
            rows.push_back({use.pid, use.parent, use.reading.name, userName(use.reading.uid), std::string(1, use.reading.state),
                            rounded(use.cpuPercent), use.reading.residentBytes, use.threads});
        return rows;
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> processes(Registry& registry, Services& services) {
    return std::make_unique<ProcessesGroup>(registry, services);
}

} // namespace talome::system

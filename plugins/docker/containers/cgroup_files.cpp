// Each file is read whole with one open, read and close: they are small, and kept descriptors would be seven for every
// container.
#include "containers/cgroup_files.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <unistd.h>

namespace talome::docker {

namespace {

constexpr std::size_t kLongestFile = 1024 * 1024;

// Calls `line` with each line of the text.
template <class Line> void eachLine(std::string_view text, const Line& line) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        line(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

std::string_view takeWord(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    const auto word = text.substr(0, text.find_first_of(" \t"));
    text.remove_prefix(word.size());
    return word;
}

bool readFile(const std::string& path, std::string& text) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    std::array<char, 4096> part;
    text.clear();
    ssize_t got = 0;
    while ((got = ::read(file, part.data(), part.size())) > 0 && text.size() < kLongestFile) {
        text.append(part.data(), static_cast<std::size_t>(got));
    }
    ::close(file);
    return got >= 0;
}

std::optional<std::uint64_t> readCount(const std::string& path, std::string& buffer) {
    if (!readFile(path, buffer)) return std::nullopt;
    return parseCount(buffer);
}

} // namespace

CgroupPaths parseCgroupPaths(std::string_view procCgroup) {
    CgroupPaths paths;
    eachLine(procCgroup, [&](std::string_view line) { // "4:memory:/docker/ID", "0::/system.slice/docker-ID.scope"
        const auto first = line.find(':'), second = line.find(':', first + 1);
        if (first == std::string_view::npos || second == std::string_view::npos) return;
        std::string_view controllers = line.substr(first + 1, second - first - 1);
        const std::string path(line.substr(second + 1));
        if (controllers.empty()) paths.unified = path;
        while (!controllers.empty()) {
            const auto name = controllers.substr(0, controllers.find(','));
            if (name == "memory") paths.memory = path;
            if (name == "cpuacct") paths.cpuacct = path;
            if (name == "blkio") paths.blkio = path;
            if (name == "pids") paths.pids = path;
            controllers.remove_prefix(std::min(controllers.size(), name.size() + 1));
        }
    });
    return paths;
}

std::optional<std::uint64_t> parseCount(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> parseKeyed(std::string_view text, std::string_view key) {
    std::optional<std::uint64_t> value;
    eachLine(text, [&](std::string_view line) {
        if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
            value = parseCount(line.substr(key.size() + 1));
        }
    });
    return value;
}

Bytes parseNetDev(std::string_view procNetDev) {
    Bytes bytes;
    eachLine(procNetDev, [&](std::string_view line) { // "  eth0: RX 7 more TX …"
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return;
        std::string_view name = line.substr(0, colon), rest = line.substr(colon + 1);
        if (takeWord(name) == "lo") return;
        bytes.first += parseCount(takeWord(rest)).value_or(0);
        for (int i = 0; i < 7; ++i) takeWord(rest);
        bytes.second += parseCount(takeWord(rest)).value_or(0);
    });
    return bytes;
}

Bytes parseBlkio(std::string_view ioServiceBytes) {
    Bytes bytes;
    eachLine(ioServiceBytes, [&](std::string_view line) { // "8:0 Read 4096"
        takeWord(line);
        const auto what = takeWord(line);
        if (what == "Read") bytes.first += parseCount(takeWord(line)).value_or(0);
        if (what == "Write") bytes.second += parseCount(takeWord(line)).value_or(0);
    });
    return bytes;
}

Bytes parseIoStat(std::string_view ioStat) {
    Bytes bytes;
    eachLine(ioStat, [&](std::string_view line) { // "8:0 rbytes=4096 wbytes=0 rios=1 …"
        takeWord(line);
        for (auto word = takeWord(line); !word.empty(); word = takeWord(line)) {
            if (word.starts_with("rbytes=")) bytes.first += parseCount(word.substr(7)).value_or(0);
            if (word.starts_with("wbytes=")) bytes.second += parseCount(word.substr(7)).value_or(0);
        }
    });
    return bytes;
}

CgroupReader::CgroupReader(std::string proc, std::string cgroup)
    : proc_(std::move(proc)), cgroup_(std::move(cgroup)),
      hostMemory_(static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                  static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))) {}

std::optional<Usage> CgroupReader::read(std::string_view containerId, std::int64_t pid, bool network) const {
    if (pid <= 0) return std::nullopt;
    const std::string process = proc_ + "/" + std::to_string(pid);
    std::string text;
    // A path that does not name the container means that this pid is not what the engine calls by that number.
    if (!readFile(process + "/cgroup", text) || text.find(containerId) == std::string::npos) return std::nullopt;
    const CgroupPaths paths = parseCgroupPaths(text);
    Usage usage;
    if (!(paths.memory.empty() ? readV2(paths, usage) : readV1(paths, usage))) return std::nullopt;
    if (usage.memoryLimitBytes == 0 || usage.memoryLimitBytes > hostMemory_) usage.memoryLimitBytes = hostMemory_;
    if (network && readFile(process + "/net/dev", text)) {
        const Bytes bytes = parseNetDev(text);
        usage.networkRxBytes = bytes.first;
        usage.networkTxBytes = bytes.second;
    }
    return usage;
}

bool CgroupReader::readV1(const CgroupPaths& paths, Usage& usage) const {
    std::string text;
    const auto cpu = readCount(cgroup_ + "/cpuacct" + paths.cpuacct + "/cpuacct.usage", text);
    usage.at = std::chrono::steady_clock::now();
    const std::string memoryFolder = cgroup_ + "/memory" + paths.memory;
    const auto memory = readCount(memoryFolder + "/memory.usage_in_bytes", text);
    if (!cpu || !memory || !readFile(memoryFolder + "/memory.stat", text)) return false;
    usage.cpuNs = *cpu;
    usage.memoryBytes = *memory - std::min(*memory, parseKeyed(text, "total_inactive_file").value_or(0));
    usage.memoryLimitBytes = readCount(memoryFolder + "/memory.limit_in_bytes", text).value_or(0);
    if (readFile(cgroup_ + "/blkio" + paths.blkio + "/blkio.throttle.io_service_bytes_recursive", text)) {
        const Bytes bytes = parseBlkio(text);
        usage.blockReadBytes = bytes.first;
        usage.blockWriteBytes = bytes.second;
    }
    usage.pids = readCount(cgroup_ + "/pids" + paths.pids + "/pids.current", text).value_or(0);
    return true;
}

bool CgroupReader::readV2(const CgroupPaths& paths, Usage& usage) const {
    const std::string folder = cgroup_ + paths.unified;
    std::string text;
    if (!readFile(folder + "/cpu.stat", text)) return false;
    usage.at = std::chrono::steady_clock::now();
    const auto cpu = parseKeyed(text, "usage_usec");
    const auto memory = readCount(folder + "/memory.current", text);
    if (!cpu || !memory || !readFile(folder + "/memory.stat", text)) return false;
    usage.cpuNs = *cpu * 1000;
    usage.memoryBytes = *memory - std::min(*memory, parseKeyed(text, "inactive_file").value_or(0));
    usage.memoryLimitBytes = readCount(folder + "/memory.max", text).value_or(0);
    if (readFile(folder + "/io.stat", text)) {
        const Bytes bytes = parseIoStat(text);
        usage.blockReadBytes = bytes.first;
        usage.blockWriteBytes = bytes.second;
    }
    usage.pids = readCount(folder + "/pids.current", text).value_or(0);
    return true;
}

} // namespace talome::docker

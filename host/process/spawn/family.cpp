// Reads /proc.
#include "host/process/spawn/family.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace talome::process {

namespace {

struct Link {
    pid_t pid, parent;
    bool zombie;
};

/// The beginning of a small file; empty if it is gone.
std::string_view readInto(char (&buffer)[4096], pid_t pid, const char* name) {
    const auto path = "/proc/" + std::to_string(pid) + "/" + name;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    const auto n = ::read(fd, buffer, sizeof buffer);
    ::close(fd);
    return {buffer, n > 0 ? static_cast<std::size_t>(n) : 0};
}

/// What follows the name in /proc/PID/stat, which may hold anything, brackets too: state, parent, …
std::string_view afterName(std::string_view stat) {
    const auto end = stat.rfind(") ");
    return end == stat.npos ? std::string_view{} : stat.substr(end + 2);
}

std::uint64_t numberAt(std::string_view words, unsigned index) {
    for (; index > 0; --index) {
        const auto blank = words.find(' ');
        if (blank == words.npos) return 0;
        words.remove_prefix(blank + 1);
    }
    std::uint64_t value = 0;
    std::from_chars(words.data(), words.data() + words.size(), value);
    return value;
}

std::vector<Link> everyone() {
    std::vector<Link> all;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), &::closedir);
    if (!folder) return all;
    char buffer[4096];
    while (const auto* entry = ::readdir(folder.get())) {
        pid_t pid = 0;
        const char* end = entry->d_name + std::strlen(entry->d_name);
        if (const auto read = std::from_chars(entry->d_name, end, pid); read.ptr != end || pid <= 0) continue;
        const auto words = afterName(readInto(buffer, pid, "stat"));
        if (words.empty()) continue;
        all.push_back({pid, static_cast<pid_t>(numberAt(words, 1)), words[0] == 'Z'});
    }
    return all;
}

/// "RssAnon:      1234 kB" of /proc/PID/status, in bytes.
std::uint64_t kilobytesOf(std::string_view status, std::string_view key) {
    const auto at = status.find(key);
    if (at == status.npos) return 0;
    status.remove_prefix(at + key.size());
    status.remove_prefix(std::min(status.size(), status.find_first_not_of(" \t")));
    return numberAt(status, 0) * 1024;
}

} // namespace

void Family::refresh() {
    const auto all = everyone();
    members_.clear();
    std::vector<pid_t> parents{::getpid()};
    while (!parents.empty()) {
        const auto parent = parents.back();
        parents.pop_back();
        for (const auto& each : all) {
            if (each.parent != parent) continue;
            parents.push_back(each.pid);
            if (!each.zombie) members_.push_back(each.pid);
        }
    }
}

Family::Usage Family::usage() const {
    static const auto ticks = static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_CLK_TCK)));
    Usage sum;
    char buffer[4096];
    for (const auto pid : members_) {
        const auto status = readInto(buffer, pid, "status");
        sum.memory += kilobytesOf(status, "\nRssAnon:") + kilobytesOf(status, "\nRssShmem:");
        const auto words = afterName(readInto(buffer, pid, "stat"));
        for (unsigned i = 11; i < 15; ++i)
            sum.cpuMs += numberAt(words, i) * 1000 / ticks; // utime, stime, cutime, cstime
    }
    return sum;
}

void Family::killChildren() {
    const auto self = ::getpid();
    for (const auto& each : everyone())
        if (each.parent == self && !each.zombie) ::kill(each.pid, SIGKILL);
}

} // namespace talome::process

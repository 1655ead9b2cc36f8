// What the process uses, as the kernel counts it.
#include "host/api/process_usage.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

namespace talome::api {

namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Taken when the program is loaded: a start computed from the uptime would move with each correction of the clock.
const double kStart = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();

std::uint64_t openDescriptors() {
    std::error_code error;
    std::uint64_t n = 0;
    for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end; it.increment(error))
        ++n;
    return n > 0 ? n - 1 : 0; // one is the listing's own
}

} // namespace

ProcessUsage processUsage() {
    ProcessUsage usage;
    usage.startTime = kStart;
    if (rusage used{}; ::getrusage(RUSAGE_SELF, &used) == 0)
        usage.cpuSeconds = seconds(used.ru_utime) + seconds(used.ru_stime);
    std::uint64_t total = 0, resident = 0;
    if (std::ifstream("/proc/self/statm") >> total >> resident)
        usage.residentBytes = resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    usage.openFds = openDescriptors();
    if (rlimit limit{}; ::getrlimit(RLIMIT_NOFILE, &limit) == 0) usage.maxFds = limit.rlim_cur;
    return usage;
}

} // namespace talome::api

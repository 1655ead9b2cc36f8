// What one sample costs in processor time of its thread: reading, putting together, writing as JSON; once a second, as in the
// server, where caches are cold, and in a row, where they are warm. The yardstick is the same number of reads of /proc/stat
// alone. `bench_system_sample [SECONDS]`, 20 unless said.
#include "live/mount_rows.hpp"
#include "live/stats_reader.hpp"
#include "mounts/mount_watch.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>

using namespace talome::system;

namespace {

double cpuMs() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

template <class F> void measure(const char* what, int n, std::chrono::milliseconds pause, F&& once) {
    std::vector<double> costs;
    for (int i = 0; i < n; ++i) {
        std::this_thread::sleep_for(pause);
        const double before = cpuMs();
        once();
        costs.push_back(cpuMs() - before);
    }
    std::sort(costs.begin(), costs.end());
    double sum = 0;
    for (const double each : costs) sum += each;
    std::printf("%-28s %.3f ms mean, %.3f median, %.3f most\n", what, sum / n, costs[costs.size() / 2], costs.back());
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    const int seconds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 20;
    const Source source;
    StatsReader reader(source);
    reader.open({});
    MountWatch watch(source);
    MountProber prober(askKernel);
    CountersPtr before = reader.counters();
    std::size_t bytes = 0;
    const auto sample = [&] {
        prober.refresh(watch.now({}), std::chrono::milliseconds(1500));
        const CountersPtr now = reader.counters();
        const Stats stats = reader.between(*before, *now, mountRows(prober.state(), 0), {});
        bytes = talome::toJson(stats).size();
        before = now;
    };
    sample();
    std::string text;
    KeptFile stat(source.proc + "/stat");
    using std::chrono::milliseconds;
    measure("a sample, once a second", seconds, milliseconds(1000), sample);
    measure("a sample, in a row", 1000, milliseconds(0), sample);
    measure("/proc/stat, once a second", std::min(seconds, 5), milliseconds(1000), [&] { stat.read(text); });
    measure("/proc/stat, in a row", 1000, milliseconds(0), [&] { stat.read(text); });
    std::printf("%zu bytes of JSON\n", bytes);
}

#include "health/assess.hpp"

#include <sys/timex.h>

#include <array>
#include <cmath>
#include <cstdio>

namespace talome::system {

const std::set<std::string> kAssessedKinds = {"cpu",  "memory",     "memoryPressure", "disk", "inodes",
                                              "mount", "temperature", "raid",         "pool", "filesystem", "clock"};

namespace {

constexpr int kCpuHold = 300, kMemoryHold = 60, kTemperatureHold = 30, kPressureHold = 60;
constexpr double kDiskMargin = 2, kMemoryMargin = 2, kCpuMargin = 5, kTemperatureMargin = 5, kPressureMargin = 5;
constexpr Limits kInodeLimits{90, 95}, kPressureLimits{20, 50};
constexpr double kBelowCritical = 10; // °C below a sensor's own limit

std::string number(double value) {
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%.1f", value);
    std::string shown = text.data();
    if (shown.ends_with(".0")) shown.resize(shown.size() - 2);
    return shown;
}

Check cpuCheck(const Recorded& now, const Thresholds& thresholds) {
    Check check{.key = "cpu", .name = "cpu", .subject = "CPU", .unit = "%", .limits = limitsOf(thresholds.cpu, kCpuLimits),
                .margin = kCpuMargin, .holdSeconds = kCpuHold};
    if (!now.rates.cpu) {
        check.known = false;
        check.message = "not read yet";
        return check;
    }
    check.value = std::round(now.rates.cpu->usage * 10) / 10;
    check.message = "The processors are busy " + number(*check.value) + " % of the time";
    check.evidence = "load " + number(now.counters->load[0]) + " on " + std::to_string(now.counters->cores.size()) +
                     " processors, " + number(now.rates.cpu->iowait) + " % waiting for disks";
    check.fix = "See which container or process uses it: GET /api/containers, GET /api/system/processes?sort=cpu";
    return check;
}

Check memoryCheck(const Recorded& now, const Thresholds& thresholds) {
    Check check{.key = "memory", .name = "memory", .subject = "memory", .unit = "%",
                .limits = limitsOf(thresholds.memory, kMemoryLimits), .margin = kMemoryMargin, .holdSeconds = kMemoryHold};
    if (!now.counters->memory) {
        check.known = false;
        check.message = "/proc/meminfo cannot be read";
        return check;
    }
    const MemoryAmounts& memory = *now.counters->memory;
    check.value = std::round(static_cast<double>(memory.used()) / static_cast<double>(memory.total) * 1000) / 10;
    check.message = number(*check.value) + " % of the memory is in use";
    check.evidence = bytesText(static_cast<double>(memory.available)) + " of " + bytesText(static_cast<double>(memory.total)) +
                     " available, " + bytesText(static_cast<double>(memory.swapTotal - std::min(memory.swapTotal, memory.swapFree))) +
                     " of " + bytesText(static_cast<double>(memory.swapTotal)) + " swap in use";
    check.fix = "Stop what is not needed, or give containers a memory limit: GET /api/system/processes?sort=mem";
    return check;
}

void addPressure(std::vector<Check>& checks, const Recorded& now) {
    if (!now.counters->memoryStall) return;
    Check check{.key = "memoryPressure", .name = "memoryPressure", .subject = "memory", .unit = "%",
                .limits = kPressureLimits, .margin = kPressureMargin, .holdSeconds = kPressureHold};
    check.value = now.counters->memoryStall->some60;
    check.message = "Programs wait for memory " + number(*check.value) + " % of the time";
    check.evidence = "/proc/pressure/memory: some avg60=" + number(*check.value) + ", full avg60=" +
                     number(now.counters->memoryStall->full60);
    check.fix = "The memory does not suffice for what runs: stop something, or add memory";
    checks.push_back(std::move(check));
}

void addMount(std::vector<Check>& checks, const MountState& state, const Thresholds& thresholds) {
    const std::string& path = state.mount.path;
    const std::string what = state.mount.source + " (" + state.mount.fstype + ")";
    if (state.space && state.space->total == 0) return;
    Check answers{.key = "mount:" + path, .name = "mount", .subject = path};
    answers.message = path + " answers";
    answers.evidence = what;
    if (state.unresponsive) {
        const auto seconds =
            std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - state.since).count();
        answers.level = state.mount.kind == MountKind::network ? Level::warning : Level::critical;
        answers.message = path + " does not answer";
        answers.evidence = what + " has not answered for " + std::to_string(seconds) + " s";
        answers.fix = "Look whether the server or the device behind it is there; if it is gone for good: umount -l " + path;
    } else if (!state.problem.empty()) {
        answers.level = Level::warning;
        answers.message = path + " cannot be looked at: " + state.problem;
        answers.fix = "Look at the device and at the kernel's log";
    }
    checks.push_back(std::move(answers));
    if (state.mount.fstype == "udf" && state.mount.readOnly) return; // a disc, which is as full as it was made
    Check disk{.key = "disk:" + path, .name = "disk", .subject = path, .unit = "%",
               .limits = limitsOf(thresholds.disk, kDiskLimits), .margin = kDiskMargin};
    Check inodes{.key = "inodes:" + path, .name = "inodes", .subject = path, .unit = "%", .limits = kInodeLimits,
                 .margin = kDiskMargin};
    disk.evidence = inodes.evidence = what;
    disk.known = inodes.known = state.space && !state.unresponsive;
    if (!state.space) { // what was wrong before a restart stays so until it is known better
        disk.message = inodes.message = "How full " + path + " is, is not known";
        checks.push_back(std::move(disk));
        checks.push_back(std::move(inodes));
        return;
    }
    disk.value = std::round(state.space->percent() * 10) / 10;
    disk.message = path + " is " + number(*disk.value) + " % full";
    disk.evidence = bytesText(static_cast<double>(state.space->available)) + " of " +
                    bytesText(static_cast<double>(state.space->total)) + " free on " + what;
    disk.fix = "See what can go: GET /api/storage/reclaimable, and what is large: GET /api/storage/breakdown";
    checks.push_back(std::move(disk));
    const auto files = state.space->filesPercent();
    if (!files) return;
    inodes.value = std::round(*files * 10) / 10;
    inodes.message = number(*inodes.value) + " % of the files that " + path + " can hold are there";
    inodes.evidence = std::to_string(state.space->filesFree) + " inodes free on " + what;
    inodes.fix = "Remove folders with very many small files, such as caches";
    checks.push_back(std::move(inodes));
}

void addTemperature(std::vector<Check>& checks, const Temperature& sensor, const Thresholds& thresholds) {
    const std::string subject = sensor.chip + " " + sensor.label;
    Limits limits = limitsOf(thresholds.temperature, kTemperatureLimits);
    if (!thresholds.temperature && sensor.critical)
        limits = {*sensor.critical - kBelowCritical, *sensor.critical};
    Check check{.key = "temperature:" + subject, .name = "temperature", .subject = subject, .unit = "°C", .limits = limits,
                .margin = kTemperatureMargin, .holdSeconds = kTemperatureHold};
    check.value = std::round(sensor.celsius * 10) / 10;
    check.message = subject + " has " + number(sensor.celsius) + " °C";
    check.evidence = sensor.critical ? "the sensor says that " + number(*sensor.critical) + " °C is critical" : "";
    check.fix = "Look at fans, dust and the room";
    checks.push_back(std::move(check));
}

} // namespace

std::string bytesText(double bytes) {
    constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    std::size_t unit = 0;
    for (; bytes >= 1000 && unit + 1 < std::size(units); ++unit) bytes /= 1000;
    return number(bytes) + " " + units[unit];
}

std::vector<Check> assess(const Recorded& now, const Thresholds& thresholds) {
    std::vector<Check> checks{cpuCheck(now, thresholds), memoryCheck(now, thresholds)};
    addPressure(checks, now);
    for (const MountState& each : now.mounts) addMount(checks, each, thresholds);
    for (const Temperature& each : now.temperatures) addTemperature(checks, each, thresholds);
    return checks;
}

// md0 : active raid1 sdb1[1](F) sda1[0]
//       1234 blocks [2/1] [U_]
std::vector<Check> parseMdstat(std::string_view text) {
    std::vector<Check> checks;
    std::string name, line1;
    eachLine(text, [&](std::string_view line) {
        const auto colon = line.find(" : ");
        if (line.starts_with("md") && colon != std::string_view::npos) {
            name = line.substr(0, colon);
            line1 = line.substr(colon + 3);
            return;
        }
        const auto open = line.rfind(" [");
        if (name.empty() || open == std::string_view::npos) return;
        const auto members = line.substr(open + 2, line.find(']', open) - open - 2);
        if (members.empty() || members.find_first_not_of("U_") != std::string_view::npos) return;
        Check check{.key = "raid:" + name, .name = "raid", .subject = name};
        const bool degraded = members.find('_') != std::string_view::npos;
        check.level = degraded ? Level::critical : Level::ok;
        check.message = degraded ? "The array " + name + " lacks a disk" : "The array " + name + " is whole";
        check.evidence = line1 + " [" + std::string(members) + "]";
        check.fix = degraded ? "Replace the failed disk and add it: mdadm --detail /dev/" + name : "";
        checks.push_back(std::move(check));
        name.clear();
    });
    return checks;
}

std::vector<Check> assessArrays(const Source& source) {
    std::vector<Check> checks;
    if (const auto text = readFile(source.proc + "/mdstat")) checks = parseMdstat(*text);
    const std::string pools = source.proc + "/spl/kstat/zfs/";
    for (const std::string& pool : namesIn(pools)) {
        const auto state = readLine(pools + pool + "/state");
        if (!state) continue;
        Check check{.key = "pool:" + pool, .name = "pool", .subject = pool};
        check.level = *state == "ONLINE" ? Level::ok : *state == "DEGRADED" ? Level::warning : Level::critical;
        check.message = "The ZFS pool " + pool + " is " + *state;
        check.evidence = pools + pool + "/state";
        if (check.level != Level::ok) check.fix = "See zpool status " + pool;
        checks.push_back(std::move(check));
    }
    const std::string ext4 = source.sys + "/fs/ext4/";
    for (const std::string& device : namesIn(ext4)) {
        const auto errors = readInteger(ext4 + device + "/errors_count");
        if (!errors) continue;
        Check check{.key = "filesystem:" + device, .name = "filesystem", .subject = device};
        check.level = *errors > 0 ? Level::warning : Level::ok;
        check.message = *errors > 0 ? "ext4 has found " + std::to_string(*errors) + " errors on " + device
                                    : "ext4 has found no errors on " + device;
        check.evidence = ext4 + device + "/errors_count";
        if (*errors > 0) check.fix = "Check the disk (SMART) and run fsck at the next start";
        checks.push_back(std::move(check));
    }
    return checks;
}

Check assessClock() {
    Check check{.key = "clock", .name = "clock", .subject = "clock"};
    timex state{};
    const int answer = ::adjtimex(&state);
    if (answer < 0) {
        check.known = false;
        check.message = "the kernel does not say whether the clock is right";
        return check;
    }
    const bool wrong = answer == TIME_ERROR || (state.status & STA_UNSYNC) != 0;
    check.level = wrong ? Level::warning : Level::ok;
    check.message = wrong ? "Nothing keeps the clock right" : "The clock is kept right";
    check.evidence = "adjtimex: " + std::string(wrong ? "not synchronised" : "synchronised") + ", error at most " +
                     number(static_cast<double>(state.maxerror) / 1000) + " ms";
    if (wrong) check.fix = "Enable a time service, such as systemd-timesyncd or chrony: certificates and logins need the time";
    return check;
}

} // namespace talome::system

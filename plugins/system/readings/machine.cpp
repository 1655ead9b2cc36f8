#include "readings/machine.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace talome::system {

namespace {

std::string archOf(std::string_view machine) {
    if (machine == "x86_64") return "x64";
    if (machine == "aarch64") return "arm64";
    if (machine.starts_with("arm")) return "arm";
    if (machine == "i686" || machine == "i386") return "ia32";
    return std::string(machine);
}

std::string osName(const std::string& root) {
    std::string name = "Linux";
    const auto text = readFile(root + "/etc/os-release");
    if (!text) return name;
    eachLine(*text, [&](std::string_view line) {
        if (!line.starts_with("PRETTY_NAME=")) return;
        line.remove_prefix(12);
        if (line.size() >= 2 && line.front() == '"') line = line.substr(1, line.size() - 2);
        name = line;
    });
    return name;
}

void readCpuinfo(std::string_view text, Machine& machine) {
    eachLine(text, [&](std::string_view line) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return;
        const auto name = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
        const auto first = line.find_first_not_of(" \t", colon + 1);
        if (name == "processor") ++machine.cores;
        if (first != std::string_view::npos && machine.cpuModel.empty() && (name == "model name" || name == "Model"))
            machine.cpuModel = line.substr(first);
    });
}

} // namespace

Machine readMachine(const Source& source) {
    Machine machine;
    utsname names{};
    if (::uname(&names) == 0) machine.arch = archOf(names.machine);
    machine.hostname = readLine(source.proc + "/sys/kernel/hostname").value_or(names.nodename);
    machine.kernel = readLine(source.proc + "/sys/kernel/osrelease").value_or(names.release);
    machine.os = osName(source.root);
    if (const auto text = readFile(source.proc + "/cpuinfo", 8 << 20)) readCpuinfo(*text, machine);
    if (machine.cpuModel.empty()) machine.cpuModel = "unknown";
    const std::string dmi = source.sys + "/class/dmi/id/";
    const auto vendor = readLine(dmi + "board_vendor"), board = readLine(dmi + "board_name");
    machine.board = vendor.value_or("") + (vendor && board ? " " : "") + board.value_or("");
    if (machine.board.empty()) machine.board = readLine(source.proc + "/device-tree/model").value_or("");
    if (const auto stat = readFile(source.proc + "/stat", 4 << 20))
        eachLine(*stat, [&](std::string_view line) {
            Words words(line);
            if (words.next() == "btime") machine.bootedAtMs = static_cast<std::int64_t>(words.number()) * 1000;
        });
    return machine;
}

namespace {

// Two disks have the same driver: what the driver serves tells them apart, and stays the same from start to start.
std::string deviceOf(const std::string& folder) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(folder + "device", error);
    return error ? std::string() : target.filename().string();
}

} // namespace

std::vector<Temperature> readTemperatures(const std::string& sys, Chips which) {
    std::vector<Temperature> found;
    std::set<std::pair<std::string, std::string>> taken; // chip and label
    std::set<std::string> chips;
    const auto add = [&](Temperature one, const std::string& file) {
        if (!taken.emplace(one.chip, one.label).second) {
            one.label += " " + file;
            taken.emplace(one.chip, one.label);
        }
        found.push_back(std::move(one));
    };
    const std::string hwmon = sys + "/class/hwmon/";
    for (const std::string& number : namesIn(hwmon)) {
        const std::string folder = hwmon + number + "/";
        const std::string name = readLine(folder + "name").value_or(number);
        if ((name == "drivetemp") != (which == Chips::disks)) continue;
        const std::string device = deviceOf(folder);
        std::string chip = device.empty() ? name : name + "-" + device;
        if (!chips.insert(chip).second) chips.insert(chip += "-" + number);
        for (const std::string& file : namesIn(folder)) {
            if (!file.starts_with("temp") || !file.ends_with("_input")) continue;
            const std::string stem = folder + file.substr(0, file.size() - 5);
            const auto millidegrees = readInteger(folder + file);
            if (!millidegrees || *millidegrees <= -55'000 || *millidegrees >= 200'000) continue; // no sensor there
            Temperature one{chip, readLine(stem + "label").value_or(file.substr(0, file.size() - 6)),
                            static_cast<double>(*millidegrees) / 1000, std::nullopt, name};
            if (const auto critical = readInteger(stem + "crit"); critical && *critical > 0 && *critical < 200'000)
                one.critical = static_cast<double>(*critical) / 1000;
            add(std::move(one), file.substr(0, file.size() - 6));
        }
    }
    if (!found.empty() || which == Chips::disks) return found;
    const std::string thermal = sys + "/class/thermal/";
    for (const std::string& zone : namesIn(thermal)) {
        if (!zone.starts_with("thermal_zone")) continue;
        const auto millidegrees = readInteger(thermal + zone + "/temp");
        if (!millidegrees || *millidegrees <= 0 || *millidegrees >= 200'000) continue;
        add({"thermal", readLine(thermal + zone + "/type").value_or(zone), static_cast<double>(*millidegrees) / 1000,
             std::nullopt, "thermal"},
            zone);
    }
    return found;
}

std::optional<double> cpuTemperature(const std::vector<Temperature>& temperatures) {
    const auto first = [&](std::string_view driver, std::string_view label) -> std::optional<double> {
        for (const Temperature& each : temperatures)
            if (each.driver == driver && (label.empty() || std::string_view(each.label).starts_with(label)))
                return each.celsius;
        return std::nullopt;
    };
    if (const auto package = first("coretemp", "Package")) return package;
    if (const auto tdie = first("k10temp", "Tdie")) return tdie;
    for (const std::string_view chip : {"k10temp", "zenpower", "coretemp", "cpu_thermal", "soc_thermal"})
        if (const auto found = first(chip, "")) return found;
    for (const std::string_view zone : {"x86_pkg_temp", "cpu-thermal", "cpu_thermal", "soc_thermal", "TCPU"})
        if (const auto found = first("thermal", zone)) return found;
    return std::nullopt;
}

std::optional<double> meanFrequencyMHz(const std::string& sys) {
    double sum = 0;
    int n = 0;
    const std::string folder = sys + "/devices/system/cpu/";
    for (const std::string& name : namesIn(folder)) {
        if (!name.starts_with("cpu") || name.size() < 4 || name[3] < '0' || name[3] > '9') continue;
        if (const auto kilohertz = readInteger(folder + name + "/cpufreq/scaling_cur_freq")) {
            sum += static_cast<double>(*kilohertz) / 1000;
            ++n;
        }
    }
    if (n == 0) return std::nullopt;
    return sum / n;
}

} // namespace talome::system

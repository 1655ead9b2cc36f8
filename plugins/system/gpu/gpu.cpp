// What each vendor's driver shows: amdgpu (kernel documentation, gpu/amdgpu/thermal), i915 and xe (sysfs of the DRM
// device: idle residency and frequencies), hwmon for all of them.
#include "gpu/gpu.hpp"

#include "gpu/nvml.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace talome::system {

namespace {

constexpr double kMiB = 1024.0 * 1024.0;
constexpr std::chrono::seconds kShared{2};

std::string vendorOf(std::int64_t id) {
    switch (id) {
    case 0x10de:
        return "nvidia";
    case 0x1002:
        return "amd";
    case 0x8086:
        return "intel";
    default:
        return {};
    }
}

std::string lastPart(const std::string& link) {
    char to[4096];
    const ssize_t n = ::readlink(link.c_str(), to, sizeof to);
    if (n <= 0) return {};
    const std::string_view path(to, static_cast<std::size_t>(n));
    return std::string(path.substr(path.rfind('/') + 1));
}

std::string hexadecimal(std::int64_t number) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text = "0x";
    for (int shift = 12; shift >= 0; shift -= 4) text += digits[(number >> shift) & 15];
    return text;
}

std::string nvidiaName(const Source& source, const std::string& address) {
    const auto text = readFile(source.proc + "/driver/nvidia/gpus/" + address + "/information");
    std::string name;
    if (!text) return name;
    eachLine(*text, [&](std::string_view line) {
        if (!line.starts_with("Model:")) return;
        const auto first = line.find_first_not_of(" \t", 6);
        if (first != std::string_view::npos) name = line.substr(first);
    });
    return name;
}

/// The first card folder of the device: "card0".
std::string drmCard(const std::string& device) {
    for (const std::string& name : namesIn(device + "/drm"))
        if (name.starts_with("card")) return device + "/drm/" + name;
    return {};
}

std::optional<double> scaled(const std::string& path, double by) {
    const auto number = readInteger(path);
    if (!number) return std::nullopt;
    return static_cast<double>(*number) / by;
}

void readHwmon(const std::string& device, Gpu& gpu) {
    for (const std::string& name : namesIn(device + "/hwmon")) {
        const std::string folder = device + "/hwmon/" + name + "/";
        if (!gpu.temperatureC) gpu.temperatureC = scaled(folder + "temp1_input", 1000);
        for (const char* file : {"power1_average", "power1_input"})
            if (!gpu.powerDrawW) gpu.powerDrawW = scaled(folder + file, 1e6);
        for (const char* file : {"power1_cap", "power1_max"})
            if (!gpu.powerLimitW) gpu.powerLimitW = scaled(folder + file, 1e6);
        if (!gpu.frequencyMHz) gpu.frequencyMHz = scaled(folder + "freq1_input", 1e6);
    }
}

std::string idleFile(const std::string& device) {
    const std::string card = drmCard(device);
    for (const std::string& path : {card + "/gt/gt0/rc6_residency_ms", card + "/power/rc6_residency_ms",
                                    device + "/tile0/gt0/gtidle/idle_residency_ms"})
        if (::access(path.c_str(), R_OK) == 0) return path;
    return {};
}

} // namespace

GpuReader::GpuReader(Source source) : source_(std::move(source)) {}
GpuReader::~GpuReader() = default;

void GpuReader::find() {
    if (std::exchange(found_, true)) return;
    const std::string bus = source_.sys + "/bus/pci/devices/";
    for (const std::string& address : namesIn(bus)) {
        const std::string device = bus + address;
        const auto kind = readInteger(device + "/class");
        if (!kind || (*kind >> 16) != 0x03) continue; // PCI class: display controllers
        const std::string vendor = vendorOf(readInteger(device + "/vendor").value_or(0));
        if (vendor.empty()) continue;
        Card card;
        card.device = device;
        card.known.vendor = vendor;
        card.known.pciAddress = address;
        card.known.driver = lastPart(device + "/driver");
        if (vendor == "nvidia") card.known.name = nvidiaName(source_, address);
        if (vendor == "amd") card.known.name = readLine(device + "/product_name").value_or("");
        if (vendor == "intel") card.idle = idleFile(device);
        if (card.known.name.empty())
            card.known.name = vendor + " " + hexadecimal(readInteger(device + "/device").value_or(0));
        cards_.push_back(std::move(card));
    }
}

bool GpuReader::any() {
    const std::lock_guard lock(mutex_);
    find();
    return !cards_.empty();
}

Gpu GpuReader::readCard(const Card& card, Clock::time_point now) {
    Gpu gpu = card.known;
    if (gpu.driver.empty()) {
        gpu.problem = "no driver has the card";
        return gpu;
    }
    readHwmon(card.device, gpu);
    if (gpu.vendor == "amd") {
        gpu.utilizationPercent = scaled(card.device + "/gpu_busy_percent", 1);
        gpu.vramUsedMB = scaled(card.device + "/mem_info_vram_used", kMiB);
        gpu.vramTotalMB = scaled(card.device + "/mem_info_vram_total", kMiB);
    }
    if (gpu.vendor == "intel") {
        const std::string drm = drmCard(card.device);
        for (const std::string& path : {drm + "/gt/gt0/rps_act_freq_mhz", drm + "/gt_act_freq_mhz",
                                        card.device + "/tile0/gt0/freq0/act_freq"})
            if (!gpu.frequencyMHz) gpu.frequencyMHz = scaled(path, 1);
        const auto idle = card.idle.empty() ? std::nullopt : readInteger(card.idle);
        if (idle) { // busy is what it was not idle since the last look
            const auto it = idleBefore_.find(gpu.pciAddress);
            if (it != idleBefore_.end()) {
                const double wall = std::chrono::duration<double, std::milli>(now - it->second.first).count();
                const double share = wall > 0 ? static_cast<double>(*idle - it->second.second) / wall : 1;
                gpu.utilizationPercent = std::clamp(100 * (1 - share), 0.0, 100.0);
            }
            idleBefore_[gpu.pciAddress] = {now, *idle};
        }
    }
    if (gpu.vendor == "nvidia") {
        if (gpu.driver == "nvidia") {
            if (!nvml_) nvml_ = std::make_unique<Nvml>();
            nvml_->read(gpu);
        } else
            gpu.problem = "the driver " + gpu.driver + " tells nothing about its use";
    }
    if (gpu.vramUsedMB && gpu.vramTotalMB && *gpu.vramTotalMB > 0)
        gpu.vramPercent = *gpu.vramUsedMB / *gpu.vramTotalMB * 100;
    for (auto* each : {&gpu.utilizationPercent, &gpu.vramUsedMB, &gpu.vramTotalMB, &gpu.vramPercent, &gpu.powerDrawW,
                       &gpu.temperatureC})
        if (*each) *each = std::round(**each * 10) / 10;
    return gpu;
}

std::vector<Gpu> GpuReader::read() {
    const std::lock_guard lock(mutex_);
    find();
    if (cards_.empty()) return {};
    const auto now = Clock::now();
    if (at_ != Clock::time_point{} && now - at_ < kShared) return last_;
    last_.clear();
    for (const Card& card : cards_) last_.push_back(readCard(card, now));
    at_ = now;
    return last_;
}

} // namespace talome::system

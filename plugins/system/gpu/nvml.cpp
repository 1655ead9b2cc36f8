#include "gpu/nvml.hpp"

#include <dlfcn.h>

namespace talome::system {

namespace {

// Of nvml.h, as it is since version 5.
struct NvmlMemory {
    unsigned long long total, free, used;
};
struct NvmlUtilization {
    unsigned gpu, memory;
};
struct NvmlProcess { // nvmlProcessInfo_v1_t
    unsigned pid;
    unsigned long long usedGpuMemory;
};
constexpr double kMiB = 1024.0 * 1024.0;
constexpr unsigned kMostProcesses = 64;

} // namespace

template <class F> F* Nvml::find(const char* name) const { return reinterpret_cast<F*>(::dlsym(library_, name)); }

Nvml::Nvml() : library_(::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL)) {
    if (!library_) {
        problem_ = "libnvidia-ml.so.1, which comes with NVIDIA's driver, is not installed";
        return;
    }
    auto* const init = find<int()>("nvmlInit_v2");
    const int code = init ? init() : -1;
    if (code != 0) problem_ = "NVIDIA's library does not start (code " + std::to_string(code) + "): the driver may not run";
}

// The library is not unmapped: it may have threads.
Nvml::~Nvml() {
    if (!library_ || !problem_.empty()) return;
    if (auto* const shutdown = find<int()>("nvmlShutdown")) shutdown();
}

void Nvml::readDevice(Gpu& gpu, void* device) const {
    unsigned number = 0;
    if (auto* const temperature = find<int(void*, int, unsigned*)>("nvmlDeviceGetTemperature");
        temperature && temperature(device, 0, &number) == 0)
        gpu.temperatureC = number;
    NvmlUtilization utilization{};
    if (auto* const get = find<int(void*, NvmlUtilization*)>("nvmlDeviceGetUtilizationRates");
        get && get(device, &utilization) == 0)
        gpu.utilizationPercent = utilization.gpu;
    NvmlMemory memory{};
    if (auto* const get = find<int(void*, NvmlMemory*)>("nvmlDeviceGetMemoryInfo");
        get && get(device, &memory) == 0 && memory.total > 0) {
        gpu.vramUsedMB = static_cast<double>(memory.used) / kMiB;
        gpu.vramTotalMB = static_cast<double>(memory.total) / kMiB;
    }
    if (auto* const get = find<int(void*, unsigned*)>("nvmlDeviceGetPowerUsage"); get && get(device, &number) == 0)
        gpu.powerDrawW = number / 1000.0;
    if (auto* const get = find<int(void*, unsigned*)>("nvmlDeviceGetEnforcedPowerLimit");
        get && get(device, &number) == 0)
        gpu.powerLimitW = number / 1000.0;
    unsigned period = 0;
    if (auto* const get = find<int(void*, unsigned*, unsigned*)>("nvmlDeviceGetEncoderUtilization");
        get && get(device, &number, &period) == 0)
        gpu.encoderPercent = number;
    if (auto* const get = find<int(void*, unsigned*, unsigned*)>("nvmlDeviceGetDecoderUtilization");
        get && get(device, &number, &period) == 0)
        gpu.decoderPercent = number;
    NvmlProcess processes[kMostProcesses];
    unsigned n = kMostProcesses;
    if (auto* const get = find<int(void*, unsigned*, NvmlProcess*)>("nvmlDeviceGetComputeRunningProcesses");
        get && get(device, &n, processes) == 0)
        for (unsigned i = 0; i < n && i < kMostProcesses; ++i)
            gpu.processes.push_back({processes[i].pid, static_cast<double>(processes[i].usedGpuMemory) / kMiB});
    char name[96] = {};
    if (auto* const get = find<int(void*, char*, unsigned)>("nvmlDeviceGetName");
        get && get(device, name, sizeof name - 1) == 0)
        gpu.name = name;
}

void Nvml::read(Gpu& gpu) {
    gpu.problem = problem_;
    if (!problem_.empty()) return;
    void* device = nullptr;
    auto* const byAddress = find<int(const char*, void**)>("nvmlDeviceGetHandleByPciBusId_v2");
    const int code = byAddress ? byAddress(gpu.pciAddress.c_str(), &device) : -1;
    if (code == 0)
        readDevice(gpu, device);
    else
        gpu.problem = "NVIDIA's library does not know the card (code " + std::to_string(code) + ")";
}

} // namespace talome::system

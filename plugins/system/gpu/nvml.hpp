// NVIDIA's management library, loaded when a card of theirs is found: its functions are public and stable (NVML API
// reference), and there is nothing to read in sysfs.
#pragma once

#include "gpu/gpu.hpp"

namespace talome::system {

/// One thread at a time.
class Nvml {
public:
    Nvml();
    ~Nvml();
    Nvml(const Nvml&) = delete;
    Nvml& operator=(const Nvml&) = delete;
    /// Fills in what the library knows of the card; says in `problem` why it knows nothing.
    void read(Gpu&);

private:
    template <class F> F* find(const char* name) const;
    void readDevice(Gpu&, void* device) const;

    void* library_ = nullptr;
    std::string problem_;
};

} // namespace talome::system

// Where the answers about disks come from: talome-smart, which has the rights for it, where its socket is; else smartctl
// run by the plugin itself, with the rights that talomed has.
#pragma once

#include "storage/smart_report.hpp"

#include <chrono>
#include <talome/host.hpp>

namespace talome::system {

struct SmartAnswer {
    int exitCode = 0;    ///< smartctl's mask of bits
    std::string json;    ///< as smartctl says it
    std::string problem; ///< why there is no answer; empty: there is one
};

/// Any worker. Each waits for the disk, half a minute at most.
class SmartSource {
public:
    explicit SmartSource(Host host);
    /// Throws NotFound if there is no smartctl, and Unavailable.
    std::vector<ScannedDevice> scan() const;
    /// Wakes no disk that stands still.
    SmartAnswer read(const ScannedDevice&) const;
    SmartAnswer test(const ScannedDevice&, const std::string& type) const; ///< short or long

private:
    /// `request` is a line of smart_service/request.hpp, `argv` what it means.
    SmartAnswer ask(const std::string& request, std::vector<std::string> argv, std::chrono::milliseconds limit) const;
    SmartAnswer askService(const std::string& request) const;
    SmartAnswer runSmartctl(std::vector<std::string> argv, std::chrono::milliseconds limit) const;

    const Host host_;
    const std::string socket_;
};

} // namespace talome::system

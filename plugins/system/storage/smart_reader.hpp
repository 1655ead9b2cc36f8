// Asks about the disks: when somebody looks and what is known is half an hour old, and every
// smart_poll_minutes. Sleeping disks are left asleep. Nobody waits for long: one reading goes on in the background and
// serves all who look.
#pragma once

#include "health/check.hpp"
#include "storage/smart_source.hpp"

#include <condition_variable>
#include <mutex>

namespace talome::system {

inline constexpr const char* kSmartTask = "system.smart";

struct SmartState {
    bool read = false;      ///< it has been asked at least once
    bool available = false; ///< smartctl is there and answers
    std::string reason;     ///< why it is not
    std::vector<SmartDevice> devices;
};

/// Any worker; smartTask() as a task.
class SmartReader {
public:
    explicit SmartReader(Host host) : host_(host), source_(host) {}
    static std::string tables();

    void smartTask();
    /// What is known; a reading is begun if that is old, and waited for up to `most`.
    SmartState look(std::chrono::milliseconds most);
    SmartState known() const;
    /// One disk of the list, by "sda" or "/dev/sda". Throws NotFound.
    SmartDevice find(const std::string& name);
    void startTest(const std::string& name, const std::string& type);
    std::vector<Check> checks() const;

private:
    using Clock = std::chrono::steady_clock;
    SmartState readAll();
    SmartDevice readOne(const ScannedDevice&);
    void noteGrowth(SmartDevice&);

    const Host host_;
    const SmartSource source_;
    mutable std::mutex mutex_; // all below
    std::condition_variable done_;
    SmartState state_;
    Clock::time_point at_{};
    std::uint64_t readings_ = 0;
    bool running_ = false;
};

} // namespace talome::system

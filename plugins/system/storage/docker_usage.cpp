#include "storage/docker_usage.hpp"

namespace talome::system {

namespace {

constexpr std::chrono::seconds kFresh{60};

} // namespace

void DockerUsageReader::usageTask() {
    {
        const std::lock_guard lock(mutex_);
        running_ = true;
    }
    DockerKnown known;
    try {
        known.usage = readText<DockerUsage>(host_.callText(nullptr, kDockerUsage, "{}"));
    } catch (const std::exception& error) {
        known.reason = error.what();
    }
    {
        const std::lock_guard lock(mutex_);
        running_ = false;
        known_ = std::move(known);
        at_ = Clock::now();
        ++readings_;
    }
    done_.notify_all();
}

DockerKnown DockerUsageReader::look(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    if (at_ != Clock::time_point{} && known_.usage && Clock::now() - at_ < kFresh) return known_;
    const auto before = readings_;
    if (!running_) host_.wake(kDockerUsageTask);
    done_.wait_for(lock, most, [&] { return readings_ != before; });
    return known_;
}

} // namespace talome::system

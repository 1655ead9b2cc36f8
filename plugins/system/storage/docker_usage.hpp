// What containers, images and volumes take, as the docker plugin says it. The engine may count for a minute, so nobody
// waits for it for long: one question goes on in the background and serves all who look. Without that plugin, or with
// an older one, it is said that nothing is known.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <talome/host.hpp>
#include <vector>

namespace talome::system {

struct DockerCategory {
    std::string type; ///< images, containers, volumes, buildCache
    std::int64_t totalCount = 0;
    std::optional<std::int64_t> activeCount;
    std::uint64_t sizeBytes = 0;
    std::optional<std::uint64_t> reclaimableBytes;
};
BOOST_DESCRIBE_STRUCT(DockerCategory, (), (type, totalCount, activeCount, sizeBytes, reclaimableBytes))

/// Of one container or volume; app: the compose project that it belongs to.
struct DockerItem {
    std::string name;
    std::optional<std::string> app;
    std::uint64_t sizeBytes = 0;
};
BOOST_DESCRIBE_STRUCT(DockerItem, (), (name, app, sizeBytes))

struct DockerUsage {
    std::vector<DockerCategory> categories;
    std::optional<std::vector<DockerItem>> containers, volumes;
};
BOOST_DESCRIBE_STRUCT(DockerUsage, (), (categories, containers, volumes))

struct DockerKnown {
    std::optional<DockerUsage> usage;
    std::string reason; ///< why there is none
};

inline constexpr const char* kDockerUsage = "docker.diskUsage";
inline constexpr const char* kDockerUsageTask = "system.dockerUsage";

/// Any worker; usageTask() as a task. Asks in the plugin's own name: sizes are no secret of those who may see the
/// storage.
class DockerUsageReader {
public:
    explicit DockerUsageReader(Host host) : host_(host) {}
    void usageTask();
    /// At most a minute old; waits up to `most` for a newer one.
    DockerKnown look(std::chrono::milliseconds most);

private:
    using Clock = std::chrono::steady_clock;

    const Host host_;
    std::mutex mutex_; // all below
    std::condition_variable done_;
    DockerKnown known_{{}, "Docker's sizes are being counted"};
    Clock::time_point at_{};
    std::uint64_t readings_ = 0;
    bool running_ = false;
};

} // namespace talome::system

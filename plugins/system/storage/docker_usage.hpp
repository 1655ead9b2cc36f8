// What containers, images and volumes take, as the docker plugin says it. Without that plugin, or with an older one,
// it is said that nothing is known.
#pragma once

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

/// In the plugin's own name: sizes are no secret of those who may see the storage.
DockerKnown askDockerUsage(const Host& host);

} // namespace talome::system

// What the engine's images, containers, volumes and build cache take on disk. Counting takes the engine seconds on a big
// disk, so an answer is kept for a while.
#pragma once

#include "engine/engine_client.hpp"

#include <chrono>
#include <memory>
#include <mutex>

namespace talome::docker {

struct DiskCategory {
    std::string type; // images, containers, volumes, buildCache
    std::int64_t totalCount = 0, activeCount = 0;
    std::int64_t sizeBytes = 0, reclaimableBytes = 0;
};
BOOST_DESCRIBE_STRUCT(DiskCategory, (), (type, totalCount, activeCount, sizeBytes, reclaimableBytes))

// A container (its writable layer), a volume or an image; app: the compose project that it belongs to.
struct DiskItem {
    std::string name;
    std::optional<std::string> app;
    std::int64_t sizeBytes = 0;
    bool inUse = false;
    std::optional<std::string> kept; // why no clean-up takes it, though it is not in use
    std::vector<std::string> tags;   // of an image; it is gone when all are removed
};
BOOST_DESCRIBE_STRUCT(DiskItem, (), (name, app, sizeBytes, inUse, kept))

struct DiskUsage {
    std::vector<DiskCategory> categories;
    std::int64_t totalBytes = 0, totalReclaimableBytes = 0;
    std::vector<DiskItem> containers, volumes;
    std::vector<DiskItem> danglingImages, unusedImages; // by id, by name
};
BOOST_DESCRIBE_STRUCT(DiskUsage, (),
                      (categories, totalBytes, totalReclaimableBytes, containers, volumes, danglingImages,
                       unusedImages))

// Any worker.
class DiskUsageReader {
public:
    explicit DiskUsageReader(const EngineClient& client) : client_(client) {}

    std::shared_ptr<const DiskUsage> read(bool fresh = false); // else at most half a minute old

private:
    const EngineClient& client_;
    std::mutex mutex_; // held while the engine counts: who comes meanwhile gets the same
    std::shared_ptr<const DiskUsage> last_;
    std::chrono::steady_clock::time_point at_{};
};

} // namespace talome::docker

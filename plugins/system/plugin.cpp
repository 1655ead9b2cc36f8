// The system plugin: what it declares, as a table. The operations are declared by their groups, one file each.
#include "services.hpp"

#include <array>

namespace talome::system {

class System : public Plugin {
public:
    /// A file system that does not answer keeps its thread for as long as it likes.
    static constexpr bool kCanUnload = false;

    explicit System(Registry& registry)
        : services_(registry.host()), groups_{
                                          stats(registry, services_),       // GET /api/system/stats, /gpu, /sensors …
                                          statsStream(registry, services_), // GET /api/stats-stream
                                          processes(registry, services_),   // GET /api/system/processes
                                          openMetrics(registry, services_), // a part of GET /metrics
                                          metrics(registry, services_),     // GET /api/metrics
                                          metricsExport(registry, services_), // GET /api/metrics/export
                                          health(registry, services_),      // GET /api/system/health
                                          connectivity(registry, services_), // GET /api/health/container-connectivity
                                          storage(registry, services_),     // GET /api/storage, /mounts, /apps …
                                          folders(registry, services_),     // GET /api/storage/tree, /duplicates
                                          smart(registry, services_),       // GET /api/storage/smart
                                          reclaim(registry, services_),     // POST /api/storage/reclaim
                                      } {
        registry.flag("dashboard", "The server's figures, their history and its health", true);
        registry.flag("system", "Disks, storage, sensors and processes of the server", false);

        registry.setting("net_interfaces",
                         "Network interfaces that count for the whole server; empty: those with hardware behind them",
                         std::vector<std::string>{}).restart();
        registry.setting("mounts_ignore", "Paths below which mounts are not looked at", std::vector<std::string>{})
            .restart();

        registry.setting("metrics_retention_days", "How long the history is kept at most; minutes are kept 8 days, five minutes 60",
                         730).range(1, 3650);
        registry.migration(1, HistoryStore::tables() + HealthKeeper::tables() + SmartReader::tables() + Sizes::tables() +
                                  duplicateTables());
        registry.migration(2, Sizes::problemColumn());

        registry.task(kSampleTask, "Reads what the server does while somebody looks", &services_.sampler,
                      &Sampler::sampleTask);
    }

    void start() {
        services_.sampler.open();
        for (const auto& group : groups_) group->open();
    }
    void activate() {
        for (const auto& group : groups_) group->activate();
    }
    void quiesce() { close(); }
    void stop() { close(); }

private:
    void close() {
        for (const auto& group : groups_) group->close();
        services_.sampler.close();
    }

    Services services_;
    std::array<std::unique_ptr<Group>, 12> groups_;
};

} // namespace talome::system

TALOME_PLUGIN(talome::system::System, "system", "1.0.0",
              "The server's figures, their history, its health and its storage.")

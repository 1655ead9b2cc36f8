// GET /api/containers/{id}/stats: what one running container uses, from the sampler that the list uses too; once, or
// with `stream` every second.
#include "containers/stats_viewers.hpp"
#include "services.hpp"

namespace talome::docker {

namespace {

struct RouteInput {
    std::string id;
    bool stream = false;
};
BOOST_DESCRIBE_STRUCT(RouteInput, (), (id, stream))

class ContainerUsage : public Group {
public:
    ContainerUsage(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("containers.stats", "Says what a running container uses", kApps, Tier::read, this,
                       &ContainerUsage::stats)
            .tool("get_container_stats", "CPU in percent of one core, memory, network and disk of one container",
                  {{"containerId", "id"}})
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .target("container", "id");
        registry
            .raw("containers.usage", "Says what a running container uses, once or every second", kApps, Tier::read,
                 "GET", "/api/containers/{id}/stats", this, &ContainerUsage::answer)
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .input("stream", "As server-sent events, one a second", false);
        services_.sampler.onSamples([this](const Samples& samples, const Snapshot& snapshot) {
            viewers_.show(samples, snapshot);
            return viewers_.any();
        });
    }

    ContainerStats stats(const ContainerRef& input) { return read(services_.keeper.resolveRunning(input.id)); }

    void answer(Call&, const RouteInput& input, Exchange& exchange) {
        const RecordPtr record = services_.keeper.resolveRunning(input.id);
        const ContainerStats now = read(record);
        if (input.stream)
            viewers_.add(exchange, record->id, now);
        else
            exchange.send(200, "application/json", toJson(now));
    }

    void quiesce() override { viewers_.closeAll(); }

private:
    ContainerStats read(const RecordPtr& record) {
        if (const auto stats = services_.sampler.read(record->id)) return *stats;
        throw Conflict("container " + record->shown.name + " is not running");
    }

    Services& services_;
    StatsViewers viewers_;
};

} // namespace

std::unique_ptr<Group> containerStats(Registry& registry, Services& services) {
    return std::make_unique<ContainerUsage>(registry, services);
}

} // namespace talome::docker

// DELETE /api/containers/{id}: stopped first, so that it can end in order, then removed. Containers of Talome's own, and
// those of its apps, go with their app; `force` removes them all the same.
#include "containers/container_owner.hpp"
#include "services.hpp"

namespace talome::docker {

namespace {

struct RemoveInput {
    std::string id;
    bool volumes = false, force = false;
};
BOOST_DESCRIBE_STRUCT(RemoveInput, (), (id, volumes, force))

class ContainerRemoval : public Group {
public:
    ContainerRemoval(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("containers.remove", "Stops and removes a container", admin, Tier::destructive, this,
                       &ContainerRemoval::remove)
            .route("DELETE", "/api/containers/{id}")
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .input("volumes", "Its nameless volumes as well", false)
            .input("force", "Also one that belongs to an app or to Talome itself", false)
            .timeLimit(std::chrono::minutes(3))
            .target("container", "id");
    }

    void remove(const RemoveInput& input) {
        const RecordPtr record = services_.keeper.resolve(input.id);
        if (const std::string why = whoseIsIt(record->shown.labels); !why.empty() && !input.force)
            throw Conflict("container " + record->shown.name + " is not removed by itself: " + why);
        try {
            if (record->running()) stop(record->id);
            services_.client.send({.method = "DELETE",
                                   .path = {"containers", record->id},
                                   .query = {{"force", "1"}, {"v", input.volumes ? "1" : "0"}},
                                   .limit = std::chrono::seconds(60)});
        } catch (const NotFound&) { // gone meanwhile, as with --rm
        } catch (const EngineRefusal& refusal) {
            services_.keeper.lookAt(record->id);
            throw Conflict("cannot remove " + record->shown.name + ": " + refusal.words);
        }
        services_.keeper.lookAt(record->id);
    }

private:
    // What cannot be stopped, a paused one for example, is killed by the removal.
    void stop(const std::string& id) {
        try {
            services_.client.send(
                {.method = "POST", .path = {"containers", id, "stop"}, .limit = std::chrono::seconds(90)});
        } catch (const EngineRefusal& refusal) {
            services_.host.info("container " + id.substr(0, 12) + " is removed without an orderly stop: " + refusal.words);
        } catch (const Timeout& late) {
            services_.host.info("container " + id.substr(0, 12) + " is removed without an orderly stop: " + late.what());
        }
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> containerRemoval(Registry& registry, Services& services) {
    return std::make_unique<ContainerRemoval>(registry, services);
}

} // namespace talome::docker

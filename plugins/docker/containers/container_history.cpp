// GET /api/containers/{id}/events: what happened to a container, also to one that is gone, and to earlier ones of its
// name; with `crashes` only ends that nobody asked for.
#include "containers/event_history.hpp"
#include "services.hpp"

namespace talome::docker {

namespace {

struct HistoryInput {
    std::string id;
    bool crashes = false;
    int limit = 50;
};
BOOST_DESCRIBE_STRUCT(HistoryInput, (), (id, crashes, limit))

class ContainerHistory : public Group {
public:
    ContainerHistory(Registry& registry, Services& services) : services_(services), history_(services.host) {
        registry
            .operation("containers.history", "What happened to a container, the newest first", kApps, Tier::read, this,
                       &ContainerHistory::events)
            .route("GET", "/api/containers/{id}/events")
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .input("crashes", "Only ends that nobody asked for", false)
            .input("limit", "At most so many", range(1, 1000), 50)
            .target("container", "id");
        services_.keeper.onAnnouncement([this](const Announcement& told) {
            try {
                history_.note(told);
            } catch (const Error& error) {
                services_.host.warn(std::string("an event of a container is not kept: ") + error.what());
            }
        });
    }

    std::vector<PastEvent> events(const HistoryInput& input) {
        try {
            const RecordPtr record = services_.keeper.resolve(input.id);
            return history_.read(record->shown.id, record->shown.name, input.crashes, input.limit);
        } catch (const NotFound&) {
            auto events = history_.read(input.id.substr(0, 12), input.id, input.crashes, input.limit);
            if (events.empty()) throw;
            return events;
        }
    }

private:
    Services& services_;
    EventHistory history_;
};

} // namespace

std::unique_ptr<Group> containerHistory(Registry& registry, Services& services) {
    return std::make_unique<ContainerHistory>(registry, services);
}

} // namespace talome::docker

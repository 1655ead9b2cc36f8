// GET, POST /api/volumes; GET, DELETE /api/volumes/{name}.
#include "images/image_reader.hpp"
#include "services.hpp"

#include <algorithm>

namespace talome::docker {

namespace {

constexpr const char* kVolumePattern = "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$";

struct Volume {
    std::string name, driver, mountpoint, scope;
    std::optional<std::string> createdAt;
    std::map<std::string, std::string> labels;
    std::vector<std::string> containers; // names of those that mount it, running or not
};
BOOST_DESCRIBE_STRUCT(Volume, (), (name, driver, mountpoint, scope, createdAt, labels, containers))

struct VolumeRef {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(VolumeRef, (), (name))
struct CreateInput {
    std::string name, driver;
    std::optional<std::map<std::string, std::string>> labels;
};
BOOST_DESCRIBE_STRUCT(CreateInput, (), (name, driver, labels))
struct Created {
    bool ok = true;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(Created, (), (ok, name))

// Of the engine.
struct ListedVolume {
    std::string Name, Driver, Mountpoint, Scope;
    std::optional<std::string> CreatedAt;
    engine::Labels Labels_;
};
BOOST_DESCRIBE_STRUCT(ListedVolume, (), (Name, Driver, Mountpoint, Scope, CreatedAt, Labels_))
struct ListAnswer {
    engine::List<ListedVolume> Volumes;
};
BOOST_DESCRIBE_STRUCT(ListAnswer, (), (Volumes))
struct CreateBody {
    std::string Name, Driver;
    std::map<std::string, std::string> Labels;
};
BOOST_DESCRIBE_STRUCT(CreateBody, (), (Name, Driver, Labels))
struct PlacedMount {
    std::string Type;
    std::optional<std::string> Name;
};
BOOST_DESCRIBE_STRUCT(PlacedMount, (), (Type, Name))
struct MountingContainer {
    std::string Id;
    engine::List<std::string> Names;
    engine::List<PlacedMount> Mounts;
};
BOOST_DESCRIBE_STRUCT(MountingContainer, (), (Id, Names, Mounts))

class Volumes : public Group {
public:
    Volumes(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("volumes.list", "Lists volumes and who mounts them", admin, Tier::read, this, &Volumes::list)
            .route("GET", "/api/volumes");
        registry.operation("volumes.get", "Shows one volume", admin, Tier::read, this, &Volumes::get)
            .route("GET", "/api/volumes/{name}")
            .input("name", "Its name", pattern(kVolumePattern))
            .target("volume", "name");
        registry.operation("volumes.create", "Makes a volume", admin, Tier::modify, this, &Volumes::create)
            .route("POST", "/api/volumes", 201)
            .input("name", "Letters, digits, _ . -", pattern(kVolumePattern))
            .input("driver", "What keeps it", length(1, 128), "local")
            .input("labels", "Labels, by name")
            .target("volume", "name");
        registry
            .operation("volumes.remove", "Removes a volume that no container mounts, with what is in it", admin,
                       Tier::destructive, this, &Volumes::remove)
            .route("DELETE", "/api/volumes/{name}")
            .input("name", "Its name", pattern(kVolumePattern))
            .timeLimit(std::chrono::minutes(2))
            .target("volume", "name");
    }

    std::vector<Volume> list() {
        const auto users = usersByVolume();
        std::vector<Volume> volumes;
        const auto answer = services_.client.get<ListAnswer>({.path = {"volumes"}});
        for (const ListedVolume& each : answer.Volumes.value_or(std::vector<ListedVolume>{}))
            volumes.push_back(volumeOf(each, users));
        std::sort(volumes.begin(), volumes.end(), [](const Volume& a, const Volume& b) { return a.name < b.name; });
        return volumes;
    }

    Volume get(const VolumeRef& input) {
        try {
            const auto found = services_.client.get<ListedVolume>({.path = {"volumes", input.name}});
            return volumeOf(found, usersByVolume());
        } catch (const NotFound&) {
            throw NotFound("there is no volume \"" + input.name + "\"");
        }
    }

    Created create(const CreateInput& input) {
        try {
            get({input.name}); // the engine would give the old one
        } catch (const NotFound&) {
            try {
                services_.client.send(
                    {.method = "POST",
                     .path = {"volumes", "create"},
                     .limit = std::chrono::seconds(30),
                     .body = toJson(CreateBody{input.name, input.driver,
                                               input.labels.value_or(std::map<std::string, std::string>{})})});
            } catch (const NotFound& missing) { // its driver is not there
                throw Invalid("driver", missing.what());
            } catch (const EngineRefusal& refusal) {
                throw Conflict("cannot make the volume " + input.name + ": " + refusal.words);
            }
            return {true, input.name};
        }
        throw Conflict("there is a volume \"" + input.name + "\" already");
    }

    void remove(const VolumeRef& input) {
        const Volume volume = get(input);
        if (!volume.containers.empty()) {
            std::string users;
            for (const std::string& name : volume.containers) users += (users.empty() ? "" : ", ") + name;
            throw Conflict("the volume " + volume.name + " is used by: " + users);
        }
        try {
            services_.client.send(
                {.method = "DELETE", .path = {"volumes", volume.name}, .limit = std::chrono::seconds(100)});
        } catch (const EngineRefusal& refusal) {
            throw Conflict("cannot remove the volume " + volume.name + ": " + refusal.words);
        }
    }

private:
    using Users = std::multimap<std::string, std::string>;

    static Volume volumeOf(const ListedVolume& from, const Users& users) {
        Volume volume{from.Name, from.Driver, from.Mountpoint, from.Scope, from.CreatedAt,
                      from.Labels_.value_or(std::map<std::string, std::string>{}), {}};
        const auto [begin, end] = users.equal_range(from.Name);
        for (auto it = begin; it != end; ++it) volume.containers.push_back(it->second);
        return volume;
    }

    Users usersByVolume() {
        Users users;
        const auto containers = services_.client.get<std::vector<MountingContainer>>(
            {.path = {"containers", "json"}, .query = {{"all", "1"}}});
        for (const auto& container : containers) {
            const std::string name = nameOf(engine::UsingContainer{container.Id, {}, {}, {}, container.Names});
            for (const auto& mount : container.Mounts.value_or(std::vector<PlacedMount>{}))
                if (mount.Type == "volume" && mount.Name) users.emplace(*mount.Name, name);
        }
        return users;
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> volumes(Registry& registry, Services& services) {
    return std::make_unique<Volumes>(registry, services);
}

} // namespace talome::docker

// GET /api/images and GET /api/images/{id}, DELETE /api/images/{id}. An image is named by its id or its name; in a path,
// the slashes of a name are written %2F.
#include "images/image_reader.hpp"
#include "images/image_reference.hpp"
#include "services.hpp"

namespace talome::docker {

namespace {

struct ImageRef {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(ImageRef, (), (id))

struct RemoveInput {
    std::string id;
    bool force = false;
};
BOOST_DESCRIBE_STRUCT(RemoveInput, (), (id, force))

struct Removed {
    bool ok = true;
    std::vector<std::string> untagged, deleted;
};
BOOST_DESCRIBE_STRUCT(Removed, (), (ok, untagged, deleted))

struct RemovedPart { // of the engine
    std::optional<std::string> Untagged, Deleted;
};
BOOST_DESCRIBE_STRUCT(RemovedPart, (), (Untagged, Deleted))

std::vector<std::string> keys(const engine::Nothings& from) {
    std::vector<std::string> names;
    if (from)
        for (const auto& [name, nothing] : *from) names.push_back(name);
    return names;
}

class ImagesList : public Group {
public:
    ImagesList(Registry& registry, Services& services) : services_(services) {
        registry.operation("images.list", "Lists images and who uses them", admin, Tier::read, this, &ImagesList::list)
            .route("GET", "/api/images")
            .tool("list_images", "Images of the engine: tags, size, created, containers");
        registry
            .operation("images.get", "Shows one image, without the values of its environment", admin, Tier::read, this,
                       &ImagesList::get)
            .route("GET", "/api/images/{id}")
            .input("id", "Id or name", pattern(kImagePattern))
            .target("image", "id");
        registry
            .operation("images.remove", "Removes an image that no container needs", admin, Tier::destructive, this,
                       &ImagesList::remove)
            .route("DELETE", "/api/images/{id}")
            .input("id", "Id or name", pattern(kImagePattern))
            .input("force", "Also with several names, or with containers that do not run", false)
            .timeLimit(std::chrono::minutes(2))
            .target("image", "id");
    }

    std::vector<Image> list() { return listImages(services_.client); }

    ImageDetail get(const ImageRef& input) {
        const auto from = inspectImage(services_.client, checked(input.id));
        const auto config = from.Config.value_or(engine::ImageConfig{});
        const auto list = [](const engine::List<std::string>& texts) { return texts.value_or(std::vector<std::string>{}); };
        ImageDetail detail{.id = from.Id,
                           .tags = list(from.RepoTags),
                           .digests = list(from.RepoDigests),
                           .sizeBytes = from.Size,
                           .created = from.Created.value_or(""),
                           .os = from.Os,
                           .architecture = from.Architecture,
                           .entrypoint = list(config.Entrypoint),
                           .command = list(config.Cmd),
                           .env = {},
                           .exposedPorts = keys(config.ExposedPorts),
                           .volumes = keys(config.Volumes),
                           .user = config.User,
                           .workdir = config.WorkingDir,
                           .layers = from.RootFS ? static_cast<int>(list(from.RootFS->Layers).size()) : 0,
                           .labels = config.Labels_.value_or(std::map<std::string, std::string>{})};
        for (const std::string& variable : list(config.Env)) detail.env.push_back(variable.substr(0, variable.find('=')));
        return detail;
    }

    Removed remove(const RemoveInput& input) {
        const std::string ref = checked(input.id);
        try {
            Removed removed;
            for (auto& part : services_.client.get<std::vector<RemovedPart>>({.method = "DELETE",
                                                                              .path = {"images", ref},
                                                                              .query = {{"force", input.force ? "1" : "0"}},
                                                                              .limit = std::chrono::seconds(100)})) {
                if (part.Untagged) removed.untagged.push_back(std::move(*part.Untagged));
                if (part.Deleted) removed.deleted.push_back(std::move(*part.Deleted));
            }
            return removed;
        } catch (const NotFound&) {
            throw NotFound("there is no image \"" + ref + "\"");
        } catch (const EngineRefusal& refusal) {
            throw Conflict("cannot remove " + ref + ": " + refusal.words);
        }
    }

private:
    // An id (whole, or its start), or a name that could be one.
    static std::string checked(const std::string& ref) {
        const std::string_view digits = std::string_view(ref).substr(ref.starts_with("sha256:") ? 7 : 0);
        if (digits.size() <= 64 && digits.find_first_not_of("0123456789abcdef") == digits.npos && !digits.empty())
            return ref;
        parseImage(ref, "id");
        return ref;
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> imagesList(Registry& registry, Services& services) {
    return std::make_unique<ImagesList>(registry, services);
}

} // namespace talome::docker

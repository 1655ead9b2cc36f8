#include "images/image_reader.hpp"

#include "engine/time_spec.hpp"

#include <algorithm>

namespace talome::docker {

namespace {

// "<none>:<none>" is how older engines say that there is none.
std::vector<std::string> named(const engine::List<std::string>& from) {
    std::vector<std::string> names = from.value_or(std::vector<std::string>{});
    std::erase_if(names, [](const std::string& name) { return name.starts_with("<none>"); });
    return names;
}

} // namespace

std::string shortImageId(const std::string& id) {
    const auto colon = id.find(':');
    return id.substr(colon == std::string::npos ? 0 : colon + 1, 12);
}

std::string nameOf(const engine::UsingContainer& from) {
    for (const std::string& name : from.Names.value_or(std::vector<std::string>{})) {
        if (name.starts_with('/') && name.find('/', 1) == std::string::npos) return name.substr(1);
    }
    return from.Id.substr(0, 12);
}

std::vector<engine::UsingContainer> listUsers(const EngineClient& client) {
    return client.get<std::vector<engine::UsingContainer>>({.path = {"containers", "json"}, .query = {{"all", "1"}}});
}

std::vector<Image> listImages(const EngineClient& client) {
    std::multimap<std::string, std::string> users;
    for (const auto& container : listUsers(client)) users.emplace(container.ImageID, nameOf(container));
    std::vector<Image> images;
    for (const auto& from : client.get<std::vector<engine::ListedImage>>({.path = {"images", "json"}})) {
        Image image{shortImageId(from.Id), named(from.RepoTags), named(from.RepoDigests), from.Size,
                    isoTime(from.Created), false, {}, from.Labels_.value_or(std::map<std::string, std::string>{})};
        image.dangling = image.tags.empty() && image.digests.empty();
        const auto [begin, end] = users.equal_range(from.Id);
        for (auto it = begin; it != end; ++it) image.containers.push_back(it->second);
        std::sort(image.containers.begin(), image.containers.end());
        images.push_back(std::move(image));
    }
    std::sort(images.begin(), images.end(), [](const Image& a, const Image& b) {
        return std::tie(b.created, a.id) < std::tie(a.created, b.id);
    });
    return images;
}

engine::InspectedImage inspectImage(const EngineClient& client, const std::string& ref) {
    try {
        auto image = client.get<engine::InspectedImage>({.path = {"images", ref, "json"}});
        image.RepoTags = named(image.RepoTags);
        image.RepoDigests = named(image.RepoDigests);
        return image;
    } catch (const NotFound&) {
        throw NotFound("there is no image \"" + ref + "\"");
    }
}

} // namespace talome::docker

// Images as the REST API shows them, and as the engine does.
#pragma once

#include "engine/engine_types.hpp"

namespace talome::docker {

struct Image {
    std::string id; // 12 hexadecimal digits
    std::vector<std::string> tags, digests;
    std::int64_t sizeBytes = 0;
    std::string created;
    bool dangling = false;               // without a name
    std::vector<std::string> containers; // names of those made from it
    std::map<std::string, std::string> labels;
};
BOOST_DESCRIBE_STRUCT(Image, (), (id, tags, digests, sizeBytes, created, dangling, containers, labels))

struct ImageDetail {
    std::string id; // sha256:… in full
    std::vector<std::string> tags, digests;
    std::int64_t sizeBytes = 0;
    std::string created, os, architecture;
    std::vector<std::string> entrypoint, command, env, exposedPorts, volumes; // env: names only
    std::optional<std::string> user, workdir;
    int layers = 0;
    std::map<std::string, std::string> labels;
};
BOOST_DESCRIBE_STRUCT(ImageDetail, (),
                      (id, tags, digests, sizeBytes, created, os, architecture, entrypoint, command, env, exposedPorts,
                       volumes, user, workdir, layers, labels))

namespace engine {

// GET /images/json
struct ListedImage {
    std::string Id;
    List<std::string> RepoTags, RepoDigests;
    std::int64_t Created = 0, Size = 0;
    engine::Labels Labels_;
};
BOOST_DESCRIBE_STRUCT(ListedImage, (), (Id, RepoTags, RepoDigests, Created, Size, Labels_))

// GET /images/NAME/json
using Nothings = std::optional<std::map<std::string, boost::json::value>>;
struct ImageConfig {
    List<std::string> Env, Cmd, Entrypoint;
    Nothings ExposedPorts, Volumes;
    engine::Labels Labels_;
    std::optional<std::string> User, WorkingDir;
};
struct RootFs {
    List<std::string> Layers;
};
struct InspectedImage {
    std::string Id;
    List<std::string> RepoTags, RepoDigests;
    std::optional<std::string> Created;
    std::int64_t Size = 0;
    std::string Os, Architecture;
    std::optional<ImageConfig> Config;
    std::optional<RootFs> RootFS;
};
BOOST_DESCRIBE_STRUCT(ImageConfig, (), (Env, Cmd, Entrypoint, ExposedPorts, Volumes, Labels_, User, WorkingDir))
BOOST_DESCRIBE_STRUCT(RootFs, (), (Layers))
BOOST_DESCRIBE_STRUCT(InspectedImage, (),
                      (Id, RepoTags, RepoDigests, Created, Size, Os, Architecture, Config, RootFS))

// GET /containers/json, as much as says what containers are made from
struct UsingContainer {
    std::string Id, Image, ImageID, State;
    List<std::string> Names;
};
BOOST_DESCRIBE_STRUCT(UsingContainer, (), (Id, Image, ImageID, State, Names))

} // namespace engine
} // namespace talome::docker

// What the groups of operations work with. Each group is one file that declares its operations and holds their
// handlers; plugin.cpp makes them all.
#pragma once

#include "containers/container_cache.hpp"
#include "engine/engine_client.hpp"
#include "engine/engine_keeper.hpp"
#include "containers/sampler.hpp"

#include <talome/plugin.hpp>

#include <memory>

namespace talome::docker {

struct Services {
    explicit Services(const Host& h) : host(h), keeper(h, client, cache), sampler(h, client, cache) {}

    const Host host;
    EngineClient client;
    ContainerCache cache{"the Docker engine has not been asked yet"};
    EngineKeeper keeper;
    Sampler sampler;
};

class Group {
public:
    virtual ~Group() = default;
    virtual void quiesce() {} // ends its streams
};

std::unique_ptr<Group> containersList(Registry&, Services&);
std::unique_ptr<Group> containerDetail(Registry&, Services&);
std::unique_ptr<Group> containerActions(Registry&, Services&);
std::unique_ptr<Group> containerUpdate(Registry&, Services&);
std::unique_ptr<Group> containerRemoval(Registry&, Services&);
std::unique_ptr<Group> containerInspection(Registry&, Services&);
std::unique_ptr<Group> containerExec(Registry&, Services&);
std::unique_ptr<Group> containerTerminal(Registry&, Services&);
std::unique_ptr<Group> containerHistory(Registry&, Services&);
std::unique_ptr<Group> containerLogs(Registry&, Services&);
std::unique_ptr<Group> containerStats(Registry&, Services&);
std::unique_ptr<Group> networksList(Registry&, Services&);
std::unique_ptr<Group> networkChanges(Registry&, Services&);
std::unique_ptr<Group> networkPrune(Registry&, Services&);
std::unique_ptr<Group> imagesList(Registry&, Services&);
std::unique_ptr<Group> imagePull(Registry&, Services&);
std::unique_ptr<Group> updateCheck(Registry&, Services&);
std::unique_ptr<Group> cleanup(Registry&, Services&);
std::unique_ptr<Group> volumes(Registry&, Services&);
std::unique_ptr<Group> dockerHealth(Registry&, Services&);

// Who may use containers: the flag is declared in plugin.cpp.
inline constexpr Permission kApps = flags("apps");

} // namespace talome::docker

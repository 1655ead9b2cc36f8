#include "creation/container_maker.hpp"

#include "engine/engine_types.hpp"

#include <cstdlib>
#include <filesystem>

namespace talome::docker {

namespace {

// Where links lead, as far as this process can see; empty if that is where it stands.
std::string behindLinks(const std::string& path) {
    std::error_code error;
    const auto real = std::filesystem::weakly_canonical(path, error);
    return error || real == path ? std::string() : real.string();
}

// A folder may be a link to one that is not to be mounted: where the engine is here, what lies behind is judged too.
void judgeLinks(const EngineClient& client, engine::CreateBody body, const std::set<Grant>& granted, const Machine& machine) {
    if (client.address().socket.empty()) return;
    for (engine::NewMount& mount : body.HostConfig.Mounts)
        if (mount.Type == "bind")
            if (std::string real = behindLinks(mount.Source); !real.empty()) mount.Source = std::move(real);
    requireGranted(body, granted, machine);
}

} // namespace

Machine thisMachine(const EngineClient& client) {
    Machine machine;
    const auto both = [](std::vector<std::string>& to, const std::string& path) { // as it is called, and where it lies
        to.push_back(path);
        std::error_code error;
        if (auto real = std::filesystem::weakly_canonical(path, error).string(); !error && real != path) to.push_back(std::move(real));
    };
    if (!client.address().socket.empty()) both(machine.engineSockets, client.address().socket);
    both(machine.ownFolders, "/var/lib/talome");
    if (const char* state = std::getenv("TALOME_STATE_DIR"); state && *state == '/') both(machine.ownFolders, state);
    if (const char* database = std::getenv("DATABASE_PATH"); database && *database == '/')
        both(machine.ownFolders, std::filesystem::path(database).parent_path());
    return machine;
}

std::string makeContainer(const EngineClient& client, const engine::CreateBody& body, const std::set<Grant>& granted, const std::string& name) {
    const Machine machine = thisMachine(client);
    requireGranted(body, granted, machine);
    judgeLinks(client, body, granted, machine);
    EngineRequest request{.method = "POST", .path = {"containers", "create"}, .limit = std::chrono::seconds(20), .body = toJson(body)};
    if (!name.empty()) request.query.emplace_back("name", name);
    return client.get<engine::ContainerId>(request).Id;
}

} // namespace talome::docker

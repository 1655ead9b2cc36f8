#include "host/ctl/server_place.hpp"

#include "host/config/config.hpp"

#include <cstdlib>

namespace talome::ctl {

namespace {

constexpr const char* kUsual[] = {"/run/talome/talomed.sock", "/var/lib/talome/talomed.sock"};

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// Also where this user may not look: then the words say so.
bool mayBeThere(const std::filesystem::path& path) {
    std::error_code error;
    return !path.empty() && (std::filesystem::exists(path, error) || error == std::errc::permission_denied);
}

} // namespace

ServerPlace findServer(const std::string& socket, const std::string& url) {
    if (!socket.empty()) return {socket, "", ""};
    if (!url.empty()) return {"", url, ""};
    if (const auto named = variable("TALOME_URL"); !named.empty()) return {"", named, ""};
    if (const auto named = variable("TALOME_SOCKET"); !named.empty()) return {named, "", ""};
    ServerPlace place;
    try {
        place.socket = config::load().socket;
    } catch (const config::BadConfig& wrong) {
        place.hint = wrong.what(); // it may be for other eyes only: then the usual places are left
    }
    if (mayBeThere(place.socket)) return place;
    for (const std::filesystem::path each : kUsual)
        if (mayBeThere(each)) return {each, "", place.hint};
    if (place.socket.empty()) place.socket = kUsual[0];
    return place;
}

storage::Places statePlaces(const std::optional<std::string>& state) {
    if (state) {
        const auto folder = std::filesystem::absolute(*state).lexically_normal();
        return {folder, folder / "host.db"};
    }
    const auto config = config::load();
    return {config.stateDir, config.database};
}

} // namespace talome::ctl

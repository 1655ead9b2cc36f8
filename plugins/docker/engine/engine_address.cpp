// A wrong address is not an error here: the plugin runs, and says at each call what is wrong.
#include "engine/engine_address.hpp"

#include <sys/un.h>
#include <unistd.h>

namespace talome::docker {

namespace {

constexpr std::string_view kScheme = "unix://";
constexpr const char* kUsual = "/var/run/docker.sock";

EngineAddress checked(std::string_view text, const char* source) {
    std::string path(text.starts_with(kScheme) ? text.substr(kScheme.size()) : text);
    const std::string said = std::string(source) + " is \"" + std::string(text) + "\": ";
    if (path.find("://") != std::string::npos) return {"", said + "only a unix socket is understood"};
    if (!path.starts_with('/')) return {"", said + "expected an absolute path"};
    if (path.size() >= sizeof(sockaddr_un::sun_path)) return {"", said + "longer than the path of a socket may be"};
    return {std::move(path), ""};
}

} // namespace

EngineAddress engineAddress(const std::function<std::optional<std::string>(const char*)>& environment,
                            const std::string& setting) {
    for (const char* name : {"DOCKER_SOCKET", "DOCKER_HOST"}) {
        const auto value = environment(name);
        if (value && !value->empty()) return checked(*value, name);
    }
    if (!setting.empty()) return checked(setting, "docker_socket");
    if (const auto home = environment("HOME"); home && home->starts_with('/')) {
        for (const char* place : {"/.orbstack/run/docker.sock", "/.docker/run/docker.sock"}) {
            const std::string path = *home + place;
            if (::access(path.c_str(), F_OK) == 0) return checked(path, "HOME");
        }
    }
    return {kUsual, ""};
}

} // namespace talome::docker

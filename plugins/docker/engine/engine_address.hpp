// Where the Docker engine listens: environment first, then the owner's setting, then the usual places.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace talome::docker {

struct EngineAddress {
    std::string socket; // path of a unix socket; empty if `problem` says why there is none
    std::string problem;
};

// DOCKER_SOCKET, then DOCKER_HOST, then `setting`, then the first that exists of ~/.orbstack/run/docker.sock and
// ~/.docker/run/docker.sock, then /var/run/docker.sock. `environment` answers nothing for a variable that is not set.
EngineAddress engineAddress(const std::function<std::optional<std::string>(const char*)>& environment,
                            const std::string& setting);

} // namespace talome::docker

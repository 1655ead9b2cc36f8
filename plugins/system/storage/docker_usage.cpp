#include "storage/docker_usage.hpp"

namespace talome::system {

DockerKnown askDockerUsage(const Host& host) {
    try {
        return {readText<DockerUsage>(host.callText(nullptr, kDockerUsage, "{}")), {}};
    } catch (const Error& error) {
        return {{}, error.what()};
    }
}

} // namespace talome::system

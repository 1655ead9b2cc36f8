// Who we are to which registry: the setting docker_registries, which the host keeps sealed.
#pragma once

#include <talome/host.hpp>

#include <map>
#include <optional>
#include <string>

namespace talome::docker {

struct RegistryLogin {
    std::string username, password;
};
BOOST_DESCRIBE_STRUCT(RegistryLogin, (), (username, password))

using RegistryLogins = std::map<std::string, RegistryLogin>; // by registry: "docker.io", "ghcr.io", "10.0.0.5:5000"

inline constexpr const char* kRegistriesSetting = "docker_registries";

std::optional<RegistryLogin> registryLogin(const Host&, const std::string& registry);
std::string basicAuthorization(const RegistryLogin&);                             // "Basic …"
std::string engineAuthorization(const std::string& registry, const RegistryLogin&); // of the header X-Registry-Auth

} // namespace talome::docker

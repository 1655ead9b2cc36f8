#include "images/registry_credentials.hpp"

#include <Poco/Base64Encoder.h>

#include <sstream>

namespace talome::docker {

namespace {

struct AuthConfig {
    std::string username, password, serveraddress;
};
BOOST_DESCRIBE_STRUCT(AuthConfig, (), (username, password, serveraddress))

std::string base64(const std::string& bytes, int options) {
    std::ostringstream out;
    Poco::Base64Encoder encoder(out, options);
    encoder.rdbuf()->setLineLength(0);
    encoder << bytes;
    encoder.close();
    return out.str();
}

} // namespace

std::optional<RegistryLogin> registryLogin(const Host& host, const std::string& registry) {
    const auto logins = host.setting<RegistryLogins>(kRegistriesSetting);
    const auto found = logins.find(registry);
    if (found == logins.end()) return std::nullopt;
    return found->second;
}

std::string basicAuthorization(const RegistryLogin& login) {
    return "Basic " + base64(login.username + ":" + login.password, 0);
}

std::string engineAuthorization(const std::string& registry, const RegistryLogin& login) {
    const std::string server = registry == "docker.io" ? "https://index.docker.io/v1/" : registry;
    return base64(toJson(AuthConfig{login.username, login.password, server}), Poco::BASE64_URL_ENCODING);
}

} // namespace talome::docker

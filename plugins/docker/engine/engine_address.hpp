// Where the Docker engine listens: environment first, then the owner's setting, then the usual places.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace talome::docker {

// One of `socket` and `host`, or a `problem`.
struct EngineAddress {
    std::string socket = {}; // path of a unix socket
    std::string host = {};   // a name or an address; an IPv6 address without brackets
    std::uint16_t port = 0;
    bool tls = false;
    std::string caFile = {}, certFile = {}, keyFile = {}; // of TLS; empty: what the machine believes, no certificate
    std::string problem = {};

    std::string text() const; // as in DOCKER_HOST: "unix:///var/run/docker.sock", "tcp://10.0.0.1:2376"
    std::string base() const; // of URLs: "http://docker", "https://10.0.0.1:2376"
};

struct EngineSettings {
    std::string socket, certPath;
};

// DOCKER_SOCKET, then DOCKER_HOST (unix:// or tcp://), then the setting, then the first that exists of
// ~/.orbstack/run/docker.sock and ~/.docker/run/docker.sock, then /var/run/docker.sock. TLS where DOCKER_TLS_VERIFY is
// set, or there is a folder of certificates (ca.pem, cert.pem, key.pem): DOCKER_CERT_PATH, or the setting.
// `environment` answers nothing for a variable that is not set.
EngineAddress engineAddress(const std::function<std::optional<std::string>(const char*)>& environment,
                            const EngineSettings& settings);

} // namespace talome::docker

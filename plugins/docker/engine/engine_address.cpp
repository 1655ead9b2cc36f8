// A wrong address is not an error here: the plugin runs, and says at each call what is wrong.
#include "engine/engine_address.hpp"

#include <charconv>
#include <sys/un.h>
#include <unistd.h>

namespace talome::docker {

namespace {

using Environment = std::function<std::optional<std::string>(const char*)>;

constexpr std::string_view kUnix = "unix://", kTcp = "tcp://";
constexpr const char* kUsual = "/var/run/docker.sock";

EngineAddress wrong(std::string problem) {
    EngineAddress address;
    address.problem = std::move(problem);
    return address;
}

std::string valueOf(const Environment& environment, const char* name) { return environment(name).value_or(""); }

EngineAddress socketAt(std::string_view text, const std::string& said) {
    EngineAddress address;
    address.socket = text.starts_with(kUnix) ? text.substr(kUnix.size()) : text;
    if (address.socket.find("://") != std::string::npos) return wrong(said + "only unix:// and tcp:// are understood");
    if (!address.socket.starts_with('/')) return wrong(said + "expected an absolute path");
    if (address.socket.size() >= sizeof(sockaddr_un::sun_path))
        return wrong(said + "longer than the path of a socket may be");
    return address;
}

// HOST[:PORT], [IPV6]:PORT; 2375 and 2376 are the engine's own ports, without and with TLS.
EngineAddress tcpAt(std::string_view text, const std::string& said, const std::string& certPath, bool tls) {
    EngineAddress address;
    address.tls = tls || !certPath.empty();
    if (!certPath.empty()) {
        address.caFile = certPath + "/ca.pem";
        address.certFile = certPath + "/cert.pem";
        address.keyFile = certPath + "/key.pem";
        for (const std::string& file : {address.caFile, address.certFile, address.keyFile})
            if (::access(file.c_str(), R_OK) != 0) return wrong(said + file + " cannot be read");
    }
    if (text.ends_with('/')) text.remove_suffix(1);
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == text.npos) return wrong(said + "a [ is not closed");
        address.host = text.substr(1, end - 1);
        port = text.substr(end + 1);
    } else {
        const auto colon = text.find(':');
        address.host = text.substr(0, colon);
        port = colon == text.npos ? std::string_view() : text.substr(colon);
    }
    address.port = address.tls ? 2376 : 2375;
    if (!port.empty()) {
        const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), address.port);
        if (port[0] != ':' || error != std::errc{} || end != port.data() + port.size() || address.port == 0)
            return wrong(said + "its port is none");
    }
    if (address.host.empty() || address.host.find_first_of("/@?# %") != std::string::npos)
        return wrong(said + "its host is none");
    return address;
}

} // namespace

std::string EngineAddress::text() const {
    if (!socket.empty()) return socket;
    return std::string(kTcp) + (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

std::string EngineAddress::base() const {
    if (!socket.empty()) return "http://docker";
    return (tls ? "https://" : "http://") + text().substr(kTcp.size());
}

EngineAddress engineAddress(const Environment& environment, const EngineSettings& settings) {
    const auto read = [&](const std::string& text, const char* source) {
        const std::string said = std::string(source) + " is \"" + text + "\": ";
        if (!text.starts_with(kTcp)) return socketAt(text, said);
        const std::string fromEnvironment = valueOf(environment, "DOCKER_CERT_PATH");
        return tcpAt(std::string_view(text).substr(kTcp.size()), said,
                     fromEnvironment.empty() ? settings.certPath : fromEnvironment,
                     !valueOf(environment, "DOCKER_TLS_VERIFY").empty());
    };
    for (const char* name : {"DOCKER_SOCKET", "DOCKER_HOST"}) {
        const std::string value = valueOf(environment, name);
        if (!value.empty()) return read(value, name);
    }
    if (!settings.socket.empty()) return read(settings.socket, "docker_socket");
    if (const std::string home = valueOf(environment, "HOME"); home.starts_with('/')) {
        for (const char* place : {"/.orbstack/run/docker.sock", "/.docker/run/docker.sock"}) {
            const std::string path = home + place;
            if (::access(path.c_str(), F_OK) == 0) return read(path, "HOME");
        }
    }
    return read(kUsual, "the usual place");
}

} // namespace talome::docker

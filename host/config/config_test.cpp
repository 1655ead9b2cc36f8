#include "host/config/config.hpp"

#include <doctest/doctest.h>
#include <fstream>
#include <map>
#include <unistd.h>

using namespace talome::config;

namespace {

Config from(std::map<std::string, std::string> variables, const std::string& yaml = "") {
    std::optional<std::filesystem::path> file;
    if (!yaml.empty()) {
        file = std::filesystem::temp_directory_path() / ("talome-config-" + std::to_string(::getpid()) + ".yaml");
        std::ofstream(*file) << yaml;
    }
    return load(file, [&](const char* name) -> const char* {
        const auto it = variables.find(name);
        return it == variables.end() ? nullptr : it->second.c_str();
    });
}

std::string refusal(std::map<std::string, std::string> variables, const std::string& yaml = "") {
    try {
        from(std::move(variables), yaml);
    } catch (const BadConfig& wrong) {
        return wrong.what();
    }
    return "accepted";
}

} // namespace

TEST_CASE("with neither a file nor a variable the defaults are safe") {
    const auto config = from({{"HOME", "/home/ann"}});
    CHECK(config.host == "0.0.0.0");
    CHECK(config.port == 4000);
    CHECK(config.stateDir == "/home/ann/.talome");
    CHECK(config.database == "/home/ann/.talome/host.db");
    CHECK(config.socket == "/home/ann/.talome/talomed.sock");
    CHECK_FALSE(config.plugins.all);
}

TEST_CASE("the environment wins over the file") {
    const auto config =
        from({{"CORE_PORT", "4100"}}, "http:\n  host: '::'\n  port: 4200\nplugins:\n  enabled: [docker, files]\n");
    CHECK(config.host == "::");
    CHECK(config.port == 4100);
    CHECK(config.plugins.names == std::set<std::string>{"docker", "files"});
}

TEST_CASE("the socket of talomectl lies in the state folder, unless another is named") {
    CHECK(from({{"TALOME_STATE_DIR", "/srv/talome"}}).socket == "/srv/talome/talomed.sock");
    CHECK(from({}, "state_dir: /srv/talome\nctl: {socket: /run/talome/ctl.sock}\n").socket == "/run/talome/ctl.sock");
    CHECK(from({{"TALOME_SOCKET", "/run/a"}}, "ctl:\n  socket: /run/b\n").socket == "/run/a");
    CHECK(refusal({}, "ctl:\n  path: /run/b\n").find(".yaml:2: ctl.path: is not a known key") != std::string::npos);
}

TEST_CASE("lists in variables") {
    CHECK(from({{"TALOME_PLUGINS", "all"}}).plugins.all);
    CHECK(from({{"TALOME_PLUGINS", "none"}}).plugins.names.empty());
    CHECK(from({{"TALOME_PLUGINS", "docker, media"}}).plugins.names.size() == 2);
    CHECK(from({{"TALOME_PLUGIN_DIR", "/a:/b"}}).pluginDirs.size() == 2);
    CHECK(from({{"METRICS_ALLOW", "127.0.0.1, 10.0.0.0/8"}}).metricsAllow ==
          std::vector<std::string>{"127.0.0.1", "10.0.0.0/8"});
    CHECK(from({}, "metrics:\n  allow: ['::1']\n").metricsAllow == std::vector<std::string>{"::1"});
    CHECK(from({}).metricsAllow.empty());
}

TEST_CASE("TLS needs a certificate and its key") {
    CHECK_FALSE(from({}).tlsCertificate);
    const auto config =
        from({{"CORE_TLS_KEY", "/b/key.pem"}}, "http:\n  tls: {certificate: /a/chain.pem, key: /a/key.pem}\n");
    CHECK(*config.tlsCertificate == "/a/chain.pem");
    CHECK(*config.tlsKey == "/b/key.pem");
    CHECK(refusal({{"CORE_TLS_CERT", "/a/chain.pem"}}).ends_with("and the key is not given"));
    CHECK(refusal({}, "http:\n  tls:\n    key: /a/key.pem\n").ends_with("and the certificate is not given"));
    CHECK(refusal({}, "http:\n  tls:\n    cert: /a\n").find(".yaml:3: http.tls.cert: is not a known key") !=
          std::string::npos);
}

TEST_CASE("what is wrong is named with its place") {
    CHECK(refusal({{"CORE_PORT", "4000x"}}) == "CORE_PORT: expected a port from 0 to 65535");
    CHECK(refusal({{"TALOME_SECRET", "short"}}).starts_with("TALOME_SECRET: expected 64 hexadecimal"));
    CHECK(refusal({}, "http:\n  prot: 1\n").find(".yaml:2: http.prot: is not a known key") != std::string::npos);
    CHECK(refusal({}, "http:\n  port: many\n").find(".yaml:2: http.port: expected a port") != std::string::npos);
    CHECK(refusal({}, "log: {level: loud}\n").find("log.level: expected one of debug") != std::string::npos);
    CHECK(refusal({}, "http: [\n").find(".yaml:") != std::string::npos);
    CHECK(refusal({{"METRICS_ALLOW", "localhost"}}) == "METRICS_ALLOW: 'localhost' is no address or network");
    CHECK(refusal({}, "metrics: {allow: [10.0.0.0/33]}\n").find(".yaml:1: metrics.allow: '10.0.0.0/33'") !=
          std::string::npos);
    CHECK(refusal({{"TALOME_PLUGINS", "../x"}}).find("not '../x'") != std::string::npos);
}

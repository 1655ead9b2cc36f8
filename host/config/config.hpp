// What the server is told before it starts: etc/talome.yaml, overridden by the environment, in one typed structure.
// With neither, it starts with safe defaults.
#pragma once

#include "host/log/log.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace talome::config {

/// Says file, line and reason, or the variable and the reason.
struct BadConfig : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What is enabled when the state directory is new.
struct EnabledAtFirst {
    bool all = false;
    std::set<std::string> names;
};

struct Config {
    std::string host = "0.0.0.0";                        ///< CORE_HOST: address to listen on
    std::uint16_t port = 4000;                           ///< CORE_PORT; 0: any free one
    std::optional<std::filesystem::path> tlsCertificate; ///< CORE_TLS_CERT: PEM, with its chain; then HTTPS is spoken
    std::optional<std::filesystem::path> tlsKey;         ///< CORE_TLS_KEY: both or none
    std::filesystem::path stateDir;                      ///< TALOME_STATE_DIR
    std::filesystem::path database;                      ///< DATABASE_PATH: host.db
    std::optional<std::string> secret;                   ///< TALOME_SECRET: 64 hexadecimal digits
    EnabledAtFirst plugins;                              ///< TALOME_PLUGINS: all, none, or a list
    std::vector<std::filesystem::path> pluginDirs;       ///< TALOME_PLUGIN_DIR; empty: beside the program
    bool replaceNewPlugins = false;                      ///< TALOME_NEW_PLUGIN_FILE: "replace"; else "offer"
    std::uint32_t lifecycleLimit = 10; ///< TALOME_LIFECYCLE_SECONDS: for each step of a plugin, 1 to 600
    std::uint32_t drainLimit = 30;     ///< TALOME_DRAIN_SECONDS: for the calls of a plugin that is replaced, 0 to 600
    std::vector<std::string> dashboardOrigins = {"http://localhost:3000"}; ///< DASHBOARD_ORIGIN
    std::vector<std::string> trustedProxies;                               ///< addresses whose X-Forwarded-* count
    std::vector<std::string> metricsAllow; ///< METRICS_ALLOW: addresses that may read /metrics without logging in
    std::optional<std::filesystem::path> dockerSocket; ///< DOCKER_SOCKET: passed on to plugins in their environment
    std::filesystem::path socket;                      ///< TALOME_SOCKET: where talomectl finds the server
    log::Level logLevel = log::Level::info;            ///< LOG_LEVEL
    log::Format logFormat = log::Format::text;         ///< LOG_FORMAT
};

using Environment = std::function<const char*(const char* name)>;

/// `file` must exist if it is given. Throws BadConfig.
Config load(const std::optional<std::filesystem::path>& file, const Environment&);

/// As talomed does: TALOME_CONFIG, else /etc/talome/talome.yaml if it exists, and the process's environment.
Config load();

} // namespace talome::config

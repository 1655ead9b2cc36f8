// Reads etc/talome.yaml and the environment. Every key is one row of a table, with its variable and its reader.
#include "host/config/config.hpp"

#include "host/gate/network.hpp"
#include "host/gate/origins.hpp"

#include <charconv>
#include <cstdlib>
#include <span>
#include <yaml-cpp/yaml.h>

namespace talome::config {

namespace {

using Texts = std::vector<std::string>;

std::uint16_t portFrom(const std::string& text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size())
        throw std::invalid_argument("expected a port from 0 to 65535");
    return port;
}

std::string secretFrom(const std::string& text) {
    if (text.size() != 64 || text.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
        throw std::invalid_argument("expected 64 hexadecimal digits (32 random bytes)");
    return text;
}

bool isPluginId(const std::string& id) {
    if (id.empty() || id.size() > 32 || id[0] < 'a' || id[0] > 'z') return false;
    return id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

EnabledAtFirst enabledFrom(const Texts& names) {
    EnabledAtFirst result;
    if (names.size() == 1 && names[0] == "all")
        result.all = true;
    else if (!(names.size() == 1 && names[0] == "none"))
        for (const auto& name : names) {
            if (!isPluginId(name))
                throw std::invalid_argument("expected all, none, or a list of plugin names, not '" + name + "'");
            result.names.insert(name);
        }
    return result;
}

std::uint32_t secondsFrom(const std::string& text, std::uint32_t least) {
    constexpr std::uint32_t most = 600;
    std::uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size() || seconds < least || seconds > most)
        throw std::invalid_argument("expected seconds from " + std::to_string(least) + " to " + std::to_string(most) +
                                    ", not '" + text + "'");
    return seconds;
}

std::filesystem::path pathFrom(const std::string& text) {
    if (text.empty()) throw std::invalid_argument("expected a path");
    return std::filesystem::absolute(text).lexically_normal();
}

/// One thing that can be said: where it stands in the file, which variable says it, and what it means.
struct Key {
    const char* yaml;     ///< "section.key"; null: the environment only
    const char* variable; ///< null: the file only
    char separator;       ///< of a list in the variable; 0: one value
    void (*set)(Config&, const Texts&);
};

constexpr Key kKeys[] = {
    {"http.host", "CORE_HOST", 0, [](Config& c, const Texts& v) { c.host = v.at(0); }},
    {"http.port", "CORE_PORT", 0, [](Config& c, const Texts& v) { c.port = portFrom(v.at(0)); }},
    {"http.tls.certificate", "CORE_TLS_CERT", 0,
     [](Config& c, const Texts& v) { c.tlsCertificate = pathFrom(v.at(0)); }},
    {"http.tls.key", "CORE_TLS_KEY", 0, [](Config& c, const Texts& v) { c.tlsKey = pathFrom(v.at(0)); }},
    {"state_dir", "TALOME_STATE_DIR", 0, [](Config& c, const Texts& v) { c.stateDir = pathFrom(v.at(0)); }},
    {"database_path", "DATABASE_PATH", 0, [](Config& c, const Texts& v) { c.database = pathFrom(v.at(0)); }},
    {nullptr, "TALOME_SECRET", 0, [](Config& c, const Texts& v) { c.secret = secretFrom(v.at(0)); }},
    {"plugins.enabled", "TALOME_PLUGINS", ',', [](Config& c, const Texts& v) { c.plugins = enabledFrom(v); }},
    {"plugins.directories", "TALOME_PLUGIN_DIR", ':',
     [](Config& c, const Texts& v) {
         c.pluginDirs.clear();
         for (const auto& each : v) c.pluginDirs.push_back(pathFrom(each));
     }},
    {"plugins.new_file", "TALOME_NEW_PLUGIN_FILE", 0,
     [](Config& c, const Texts& v) {
         if (v.at(0) != "offer" && v.at(0) != "replace")
             throw std::invalid_argument("expected offer or replace, not '" + v.at(0) + "'");
         c.replaceNewPlugins = v.at(0) == "replace";
     }},
    {"plugins.lifecycle_seconds", "TALOME_LIFECYCLE_SECONDS", 0,
     [](Config& c, const Texts& v) { c.lifecycleLimit = secondsFrom(v.at(0), 1); }},
    {"plugins.drain_seconds", "TALOME_DRAIN_SECONDS", 0,
     [](Config& c, const Texts& v) { c.drainLimit = secondsFrom(v.at(0), 0); }},
    {"dashboard_origin", "DASHBOARD_ORIGIN", ',',
     [](Config& c, const Texts& v) {
         gate::Origins{v};
         c.dashboardOrigins = v;
     }},
    {"trusted_proxies", "TRUSTED_PROXIES", ',',
     [](Config& c, const Texts& v) {
         gate::TrustedProxies{v}; // says what is wrong with them while the place is known
         c.trustedProxies = v;
     }},
    {"metrics.allow", "METRICS_ALLOW", ',',
     [](Config& c, const Texts& v) {
         gate::Networks{v};
         c.metricsAllow = v;
     }},
    {"ctl.socket", "TALOME_SOCKET", 0, [](Config& c, const Texts& v) { c.socket = pathFrom(v.at(0)); }},
    {"log.level", "LOG_LEVEL", 0, [](Config& c, const Texts& v) { c.logLevel = log::levelFrom(v.at(0)); }},
    {"log.format", "LOG_FORMAT", 0, [](Config& c, const Texts& v) { c.logFormat = log::formatFrom(v.at(0)); }},
    {"docker_socket", "DOCKER_SOCKET", 0, [](Config& c, const Texts& v) { c.dockerSocket = pathFrom(v.at(0)); }},
};

Texts split(const std::string& text, char separator) {
    Texts parts;
    std::string part;
    for (const char c : text + separator) {
        if (c != separator) {
            part += c;
            continue;
        }
        const auto first = part.find_first_not_of(" \t"), last = part.find_last_not_of(" \t");
        if (first != std::string::npos) parts.push_back(part.substr(first, last - first + 1));
        part.clear();
    }
    return parts;
}

[[noreturn]] void refuse(const std::filesystem::path& file, const YAML::Mark& mark, const std::string& why) {
    throw BadConfig(file.string() + ":" + std::to_string(mark.line + 1) + ": " + why);
}

bool isSection(const std::string& name) {
    for (const auto& key : kKeys)
        if (key.yaml && std::string_view(key.yaml).starts_with(name + ".")) return true;
    return false;
}

void readNode(Config& config, const std::filesystem::path& file, const std::string& prefix, const YAML::Node& map) {
    if (!map.IsMap()) refuse(file, map.Mark(), (prefix.empty() ? "the file" : prefix) + ": expected a map of keys");
    std::set<std::string> seen;
    for (const auto& entry : map) {
        const auto name = prefix.empty() ? entry.first.Scalar() : prefix + "." + entry.first.Scalar();
        if (!seen.insert(name).second) refuse(file, entry.first.Mark(), name + ": is given twice");
        if (isSection(name)) {
            readNode(config, file, name, entry.second);
            continue;
        }
        const Key* key = nullptr;
        for (const auto& each : kKeys)
            if (each.yaml && name == each.yaml) key = &each;
        if (!key) refuse(file, entry.first.Mark(), name + ": is not a known key");
        Texts values;
        if (entry.second.IsScalar())
            values = {entry.second.Scalar()};
        else if (entry.second.IsSequence() && key->separator)
            for (const auto& item : entry.second) {
                if (!item.IsScalar()) refuse(file, item.Mark(), name + ": expected a list of texts");
                values.push_back(item.Scalar());
            }
        else
            refuse(file, entry.second.Mark(),
                   name + (key->separator ? ": expected a text or a list of texts" : ": expected a text or a number"));
        try {
            key->set(config, values);
        } catch (const std::invalid_argument& wrong) {
            refuse(file, entry.second.Mark(), name + ": " + wrong.what());
        }
    }
}

void readFile(Config& config, const std::filesystem::path& file) {
    try {
        const auto root = YAML::LoadFile(file.string());
        if (!root.IsNull()) readNode(config, file, "", root);
    } catch (const YAML::BadFile&) {
        throw BadConfig(file.string() + ": cannot be read");
    } catch (const YAML::Exception& wrong) {
        refuse(file, wrong.mark, wrong.msg);
    }
}

void readEnvironment(Config& config, const Environment& environment) {
    for (const auto& key : kKeys) {
        const char* text = key.variable ? environment(key.variable) : nullptr;
        if (!text || !*text) continue;
        try {
            key.set(config, key.separator ? split(text, key.separator) : Texts{text});
        } catch (const std::invalid_argument& wrong) {
            throw BadConfig(std::string(key.variable) + ": " + wrong.what());
        }
    }
}

std::filesystem::path defaultStateDir(const Environment& environment) {
    const char* home = environment("HOME");
    return home && *home ? std::filesystem::path(home) / ".talome" : std::filesystem::path("/var/lib/talome");
}

} // namespace

Config load(const std::optional<std::filesystem::path>& file, const Environment& environment) {
    Config config;
    if (file) readFile(config, *file);
    readEnvironment(config, environment);
    if (config.tlsCertificate.has_value() != config.tlsKey.has_value())
        throw BadConfig("TLS needs both http.tls.certificate (CORE_TLS_CERT) and http.tls.key (CORE_TLS_KEY), and " +
                        std::string(config.tlsKey ? "the certificate" : "the key") + " is not given");
    if (config.stateDir.empty()) config.stateDir = defaultStateDir(environment);
    if (config.database.empty()) config.database = config.stateDir / "host.db";
    if (config.socket.empty()) config.socket = config.stateDir / "talomed.sock";
    return config;
}

Config load() {
    std::optional<std::filesystem::path> file;
    if (const char* named = std::getenv("TALOME_CONFIG"); named && *named)
        file = named;
    else if (std::filesystem::exists("/etc/talome/talome.yaml"))
        file = "/etc/talome/talome.yaml";
    return load(file, [](const char* name) -> const char* { return std::getenv(name); });
}

} // namespace talome::config

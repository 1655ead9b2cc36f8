#include "containers/container_labels.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

namespace talome::docker {

namespace {

constexpr std::size_t kLongestUrl = 2000;

std::optional<std::string> text(const LabelMap& labels, const std::string& name) {
    const auto found = labels.find(name);
    if (found == labels.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

std::optional<bool> truth(const LabelMap& labels, const std::string& name) {
    auto value = text(labels, name);
    if (!value) return std::nullopt;
    std::transform(value->begin(), value->end(), value->begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (*value == "true" || *value == "1" || *value == "yes") return true;
    if (*value == "false" || *value == "0" || *value == "no") return false;
    return std::nullopt;
}

bool isPlain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c != 0x7f && c != '<' && c != '>' && c != '"'; });
}

std::optional<std::string> webUrl(const LabelMap& labels, const char* name) {
    auto url = text(labels, name);
    if (url && !isWebUrl(*url)) url.reset();
    return url;
}

// Ports of the container, in the order in which they are likely to be a page's.
constexpr std::array kWeb{80, 443, 8080, 8443, 3000, 8000, 5000, 9000, 8081, 8096, 8888, 9443, 4000};
// Those of other protocols: mail, names, files, databases, brokers.
constexpr std::array kOther{20,   21,   22,   23,   25,   53,   110,  111,  139,  143,  389,  445,  465,  514,  587,  636,   853,
                            873,  993,  995,  1433, 1521, 1883, 2049, 2375, 2376, 3306, 3389, 5432, 5671, 5672, 5900,  6379,
                            8883, 9042, 9092, 11211, 25565, 27017, 51820};

std::size_t webRank(int port) { return static_cast<std::size_t>(std::find(kWeb.begin(), kWeb.end(), port) - kWeb.begin()); }

const char* schemeOf(int containerPort) {
    return containerPort == 443 || containerPort == 8443 || containerPort == 9443 ? "https" : "http";
}

std::optional<OpenAddress> ofPorts(const std::vector<ReachablePort>& ports) {
    const ReachablePort* best = nullptr;
    for (const ReachablePort& port : ports) {
        if (std::find(kOther.begin(), kOther.end(), port.container) != kOther.end()) continue;
        if (!best || std::tuple(webRank(port.container), port) < std::tuple(webRank(best->container), *best)) best = &port;
    }
    if (!best) return std::nullopt;
    return OpenAddress{{}, schemeOf(best->container), best->host, "/"};
}

// "http://[IP]:[PORT:8080]/path": the port is the container's, and is shown as published if it is.
std::optional<OpenAddress> ofUnraid(const std::string& label, const std::vector<ReachablePort>& ports) {
    constexpr std::string_view kHost = "://[IP]", kPort = ":[PORT:";
    const auto host = label.find(kHost);
    if (host == std::string::npos) return isWebUrl(label) ? std::optional(OpenAddress{label, {}, {}, {}}) : std::nullopt;
    OpenAddress open{{}, label.substr(0, host), {}, "/"};
    if (*open.scheme != "http" && *open.scheme != "https") return std::nullopt;
    std::string_view rest = std::string_view(label).substr(host + kHost.size());
    if (rest.starts_with(kPort)) {
        int port = 0;
        const char* const begin = rest.data() + kPort.size();
        const auto [end, error] = std::from_chars(begin, rest.data() + rest.size(), port);
        if (error != std::errc{} || end == rest.data() + rest.size() || *end != ']' || port < 1 || port > 65535) return std::nullopt;
        const auto published = std::find_if(ports.begin(), ports.end(), [&](const ReachablePort& each) { return each.container == port; });
        open.port = published == ports.end() ? port : published->host;
        rest.remove_prefix(static_cast<std::size_t>(end + 1 - rest.data()));
    }
    if (rest.starts_with('/') && isPlain(rest) && rest.size() <= kLongestUrl) open.path = std::string(rest);
    return open;
}

// What stands in backticks behind `word`: Host(`example.org`), PathPrefix(`/app`).
std::string argumentOf(const std::string& rule, std::string_view word) {
    const std::string begin = std::string(word) + "(`";
    const auto at = rule.find(begin);
    if (at == std::string::npos) return {};
    const auto first = at + begin.size();
    const auto end = rule.find('`', first);
    return end == std::string::npos ? std::string() : rule.substr(first, end - first);
}

// traefik.http.routers.NAME.rule, .tls, .tls.certresolver, .entrypoints
std::optional<OpenAddress> ofTraefik(const LabelMap& labels) {
    constexpr std::string_view kRouters = "traefik.http.routers.", kRule = ".rule";
    if (truth(labels, "traefik.enable") == false) return std::nullopt;
    for (auto each = labels.lower_bound(std::string(kRouters)); each != labels.end() && each->first.starts_with(kRouters); ++each) {
        if (!each->first.ends_with(kRule)) continue;
        const std::string host = argumentOf(each->second, "Host");
        if (host.empty()) continue;
        const std::string router = each->first.substr(0, each->first.size() - kRule.size());
        const std::string entrances = text(labels, router + ".entrypoints").value_or("");
        const bool secure = truth(labels, router + ".tls") == true || text(labels, router + ".tls.certresolver") ||
                            entrances.find("websecure") != std::string::npos || entrances.find("https") != std::string::npos;
        std::string path = argumentOf(each->second, "PathPrefix");
        if (!path.starts_with('/')) path = "/";
        std::string url = std::string(secure ? "https://" : "http://").append(host).append(path);
        if (isWebUrl(url)) return OpenAddress{std::move(url), {}, {}, {}};
    }
    return std::nullopt;
}

} // namespace

bool isWebUrl(std::string_view url) {
    if (url.size() > kLongestUrl || !isPlain(url)) return false;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!url.starts_with(scheme)) continue;
        const std::string_view rest = url.substr(scheme.size());
        const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
        return !host.empty() && host.find_first_of("@\\") == std::string_view::npos; // no name and password
    }
    return false;
}

std::optional<ComposeLabels> composeLabels(const LabelMap& labels) {
    const auto project = text(labels, "com.docker.compose.project");
    if (!project) return std::nullopt;
    return ComposeLabels{*project,
                         text(labels, "com.docker.compose.service"),
                         text(labels, "com.docker.compose.version"),
                         text(labels, "com.docker.compose.project.working_dir"),
                         text(labels, "com.docker.compose.project.config_files"),
                         truth(labels, "com.docker.compose.oneoff").value_or(false)};
}

std::optional<HomepageLabels> homepageLabels(const LabelMap& labels) {
    HomepageLabels page{text(labels, "homepage.name"), text(labels, "homepage.group"), text(labels, "homepage.icon"),
                        webUrl(labels, "homepage.href"), text(labels, "homepage.description")};
    if (!page.name && !page.group && !page.icon && !page.href && !page.description) return std::nullopt;
    return page;
}

std::optional<WatchtowerLabels> watchtowerLabels(const LabelMap& labels) {
    const std::string prefix = "com.centurylinklabs.watchtower.";
    WatchtowerLabels tower{truth(labels, prefix + "enable"), truth(labels, prefix + "monitor-only").value_or(false),
                           truth(labels, prefix + "no-pull").value_or(false), text(labels, prefix + "scope")};
    if (!tower.enable && !tower.monitorOnly && !tower.noPull && !tower.scope) return std::nullopt;
    return tower;
}

std::optional<OpenAddress> openAddress(const LabelMap& labels, const std::vector<ReachablePort>& ports) {
    if (const auto href = webUrl(labels, "homepage.href")) return OpenAddress{*href, {}, {}, {}};
    if (const auto unraid = text(labels, "net.unraid.docker.webui"))
        if (auto open = ofUnraid(*unraid, ports)) return open;
    if (auto open = ofTraefik(labels)) return open;
    return ofPorts(ports);
}

} // namespace talome::docker

// What the labels of a container say to tools that Talome's owners know: its compose project, its entry on a homepage
// dashboard, what watchtower may do with it, and where it is opened in a browser. Pure. Labels come with images, so
// strangers write them: an address is taken only if it is http or https.
#pragma once

#include <talome/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace talome::docker {

using LabelMap = std::map<std::string, std::string>;

// com.docker.compose.*
struct ComposeLabels {
    std::string project;
    std::optional<std::string> service, version;
    std::optional<std::string> workingDirectory, configFiles; // on the machine where compose ran
    bool oneOff = false;                                      // of `compose run`
};
BOOST_DESCRIBE_STRUCT(ComposeLabels, (), (project, service, version, workingDirectory, configFiles, oneOff))

// homepage.*
struct HomepageLabels {
    std::optional<std::string> name, group, icon, href, description;
};
BOOST_DESCRIBE_STRUCT(HomepageLabels, (), (name, group, icon, href, description))

// com.centurylinklabs.watchtower.*
struct WatchtowerLabels {
    std::optional<bool> enable;
    bool monitorOnly = false, noPull = false;
    std::optional<std::string> scope;
};
BOOST_DESCRIBE_STRUCT(WatchtowerLabels, (), (enable, monitorOnly, noPull, scope))

// Where its pages are: a whole URL if a label says so, else what follows the name by which the client reaches this
// machine: scheme://NAME:port/path.
struct OpenAddress {
    std::optional<std::string> url;
    std::optional<std::string> scheme;
    std::optional<int> port;
    std::optional<std::string> path;
};
BOOST_DESCRIBE_STRUCT(OpenAddress, (), (url, scheme, port, path))

// A published TCP port that can be reached from other machines.
struct ReachablePort {
    int host = 0, container = 0;
    friend auto operator<=>(const ReachablePort&, const ReachablePort&) = default;
};

std::optional<ComposeLabels> composeLabels(const LabelMap&);
std::optional<HomepageLabels> homepageLabels(const LabelMap&);
std::optional<WatchtowerLabels> watchtowerLabels(const LabelMap&);

// Of the labels homepage.href, net.unraid.docker.webui and a traefik router's rule, in this order; else of the port that
// looks most like a web page's. Nothing if no port does.
std::optional<OpenAddress> openAddress(const LabelMap&, const std::vector<ReachablePort>&);

// http or https, with a host, without blanks and control characters, 2,000 bytes at most.
bool isWebUrl(std::string_view);

} // namespace talome::docker

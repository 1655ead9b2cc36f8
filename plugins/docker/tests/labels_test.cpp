#include "containers/container_labels.hpp"

#include <doctest/doctest.h>

using namespace talome::docker;

namespace {

// "URL", or "scheme port path".
std::string opened(const LabelMap& labels, const std::vector<ReachablePort>& ports = {}) {
    const auto open = openAddress(labels, ports);
    if (!open) return "none";
    if (open->url) return *open->url;
    return open->scheme.value_or("") + " " + std::to_string(open->port.value_or(0)) + " " + open->path.value_or("");
}

} // namespace

TEST_CASE("a label with a web address says where it is opened") {
    CHECK(opened({{"homepage.href", "https://photos.example.org/x"}}, {{8080, 80}}) == "https://photos.example.org/x");
    for (const char* wrong : {"javascript:alert(1)", "https://", "https://a b", "http://a\n", "ftp://a", "//a", "https://u:p@a/", "data:text/html,x",
                              "https://a\"onclick=x", "https://\\\\a"}) {
        CHECK_FALSE(isWebUrl(wrong));
        CHECK(opened({{"homepage.href", wrong}}) == "none");
        CHECK_FALSE(homepageLabels({{"homepage.href", wrong}}));
    }
    CHECK_FALSE(isWebUrl("https://a/" + std::string(2000, 'a')));
}

TEST_CASE("unraid's address has the published port in it") {
    CHECK(opened({{"net.unraid.docker.webui", "http://[IP]:[PORT:8080]/web/"}}, {{9001, 8080}}) == "http 9001 /web/");
    CHECK(opened({{"net.unraid.docker.webui", "https://[IP]:[PORT:8443]"}}) == "https 8443 /");
    CHECK(opened({{"net.unraid.docker.webui", "https://nas.example/"}}) == "https://nas.example/");
    for (const char* wrong : {"javascript://[IP]", "http://[IP]:[PORT:x]/", "http://[IP]:[PORT:99999]/", "http://[IP]:[PORT:80", "[IP]"})
        CHECK(opened({{"net.unraid.docker.webui", wrong}}) == "none");
}

TEST_CASE("a router's rule names the host") {
    const LabelMap plain{{"traefik.http.routers.a.rule", "Host(`a.example`) && PathPrefix(`/app`)"}};
    CHECK(opened(plain) == "http://a.example/app");
    LabelMap secure = plain;
    secure["traefik.http.routers.a.tls.certresolver"] = "le";
    CHECK(opened(secure) == "https://a.example/app");
    LabelMap off = plain;
    off["traefik.enable"] = "false";
    CHECK(opened(off) == "none");
    CHECK(opened({{"traefik.http.routers.a.rule", "Host(`a b`)"}}) == "none");
    CHECK(opened({{"traefik.http.routers.a.rule", "PathPrefix(`/x`)"}}) == "none");
}

TEST_CASE("else the port that looks most like a page's") {
    CHECK(opened({}, {{2222, 22}, {15432, 5432}}) == "none");
    CHECK(opened({}, {{2222, 22}, {7777, 7777}}) == "http 7777 /");
    CHECK(opened({}, {{1000, 7777}, {9000, 8080}, {9001, 80}}) == "http 9001 /");
    CHECK(opened({}, {{4443, 443}}) == "https 4443 /");
    CHECK(opened({}) == "none");
}

TEST_CASE("labels of compose, homepage and watchtower") {
    const LabelMap labels{{"com.docker.compose.project", "shop"}, {"com.docker.compose.service", "db"}, {"com.docker.compose.oneoff", "False"},
                          {"homepage.name", "Shop"}, {"homepage.group", "Sales"},
                          {"com.centurylinklabs.watchtower.enable", "False"}, {"com.centurylinklabs.watchtower.monitor-only", "true"}};
    const auto compose = composeLabels(labels);
    REQUIRE(compose);
    CHECK((compose->project == "shop" && compose->service == "db" && !compose->oneOff));
    const auto page = homepageLabels(labels);
    REQUIRE(page);
    CHECK((page->name == "Shop" && page->group == "Sales" && !page->href));
    const auto tower = watchtowerLabels(labels);
    REQUIRE(tower);
    CHECK((tower->enable == false && tower->monitorOnly && !tower->noPull));
    CHECK_FALSE(composeLabels({}));
    CHECK_FALSE(homepageLabels({}));
    CHECK_FALSE(watchtowerLabels({{"com.centurylinklabs.watchtower.enable", "perhaps"}}));
}

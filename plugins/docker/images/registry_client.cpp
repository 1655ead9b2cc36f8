#include "images/registry_client.hpp"

#include "images/auth_challenge.hpp"

#include <talome/fetch.hpp>

#include <charconv>

namespace talome::docker {

namespace {

using namespace std::chrono_literals;

constexpr auto kConnect = 5s, kTotal = 15s;
constexpr std::chrono::seconds kWithoutRetryAfter = 10min, kLongestWait = 24h;
constexpr std::uint64_t kMaxToken = 64 * 1024;
constexpr const char* kManifests = "application/vnd.oci.image.index.v1+json, "
                                   "application/vnd.docker.distribution.manifest.list.v2+json, "
                                   "application/vnd.oci.image.manifest.v1+json, "
                                   "application/vnd.docker.distribution.manifest.v2+json";

struct Token {
    std::optional<std::string> token, access_token;
};
BOOST_DESCRIBE_STRUCT(Token, (), (token, access_token))

struct IndexConfig {
    bool Secure = true;
};
BOOST_DESCRIBE_STRUCT(IndexConfig, (), (Secure))
struct RegistryConfig {
    std::optional<std::map<std::string, IndexConfig>> IndexConfigs;
};
BOOST_DESCRIBE_STRUCT(RegistryConfig, (), (IndexConfigs))
struct EngineInfo {
    std::optional<RegistryConfig> RegistryConfig_;
};
BOOST_DESCRIBE_STRUCT(EngineInfo, (), (RegistryConfig_))

std::string_view hostOf(std::string_view registry) { return registry.substr(0, registry.find(':')); }

bool isLoopback(std::string_view registry) {
    const auto host = hostOf(registry);
    return host == "localhost" || host.starts_with("127.");
}

std::string queryText(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           std::string_view("-._~").find(c) != std::string_view::npos;
        if (plain) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += "0123456789ABCDEF"[byte >> 4];
            out += "0123456789ABCDEF"[byte & 15];
        }
    }
    return out;
}

} // namespace

// A registry without TLS is one that the engine was told to believe, or one on this machine.
bool RegistryClient::insecure(const std::string& registry) {
    if (isLoopback(registry)) return true;
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = insecure_.find(registry); known != insecure_.end()) return known->second;
    }
    const auto info = client_.get<EngineInfo>({.path = {"info"}});
    bool found = false;
    if (info.RegistryConfig_ && info.RegistryConfig_->IndexConfigs) {
        const auto& configs = *info.RegistryConfig_->IndexConfigs;
        const auto config = configs.find(registry);
        found = config != configs.end() && !config->second.Secure;
    }
    const std::lock_guard lock(mutex_);
    return insecure_[registry] = found;
}

std::string RegistryClient::origin(const ImageReference& image) {
    if (image.registry == "docker.io") return "https://registry-1.docker.io";
    return (insecure(image.registry) ? "http://" : "https://") + image.registry;
}

void RegistryClient::awaitTurn(const std::string& registry) {
    const std::lock_guard lock(mutex_);
    const auto it = notBefore_.find(registry);
    if (it == notBefore_.end()) return;
    const auto left = std::chrono::ceil<std::chrono::seconds>(it->second - Clock::now()).count();
    if (left > 0) throw Limited(registry + " wants to be left alone for " + std::to_string(left) + " s more");
    notBefore_.erase(it);
}

void RegistryClient::note(const std::string& registry, const FetchHead& answer) {
    std::chrono::seconds wait{0};
    if (answer.status == 429) {
        wait = kWithoutRetryAfter;
        const auto said = answer.header("Retry-After");
        long seconds = 0;
        if (std::from_chars(said.data(), said.data() + said.size(), seconds).ec == std::errc{} && seconds > 0)
            wait = std::chrono::seconds(seconds);
    } else if (answer.header("ratelimit-remaining").starts_with("0;")) {
        wait = std::chrono::seconds(windowSeconds(answer.header("ratelimit-remaining")));
    }
    if (wait.count() == 0) return;
    const std::lock_guard lock(mutex_);
    notBefore_[registry] = Clock::now() + std::min(wait, kLongestWait);
}

FetchHead RegistryClient::head(const Call* call, const ImageReference& image, const std::string& authorization) {
    FetchRequest request{.method = "HEAD",
                         .url = origin(image) + "/v2/" + image.path + "/manifests/" +
                                (image.digest.empty() ? image.tag : image.digest),
                         .headers = {{"Accept", kManifests}},
                         .lan = true,
                         .loopback = isLoopback(image.registry),
                         .redirects = false,
                         .connect = kConnect,
                         .total = kTotal};
    if (!authorization.empty()) request.headers.emplace_back("Authorization", authorization);
    FetchHead answer = fetchInto(host_, call, request, {});
    note(image.registry, answer);
    return answer;
}

// The value of Authorization that the challenge asks for. Where a registry sends us for a token is not its own host in
// general; there we go only by TLS and to public addresses.
std::string RegistryClient::authorize(const Call* call, const ImageReference& image, std::string_view text) {
    const auto challenge = parseChallenge(text);
    const auto login = registryLogin(host_, image.registry);
    if (challenge && challenge->scheme == "basic") {
        if (!login) throw Denied(image.registry + " wants a name and password; see the setting docker_registries");
        return basicAuthorization(*login);
    }
    if (!challenge || challenge->scheme != "bearer" || !challenge->parameters.contains("realm"))
        throw BadUpstream(image.registry + " wants a kind of authorization that is not known");
    auto parameters = challenge->parameters;
    const std::string realm = parameters["realm"];
    const std::string own = origin(image) + "/";
    const bool itself = realm.starts_with(own);
    if (!itself && !realm.starts_with("https://")) throw BadUpstream(image.registry + " gives tokens without TLS");
    std::string url = realm + (realm.find('?') == std::string::npos ? "?" : "&") + "service=" +
                      queryText(parameters["service"]) + "&scope=" + queryText("repository:" + image.path + ":pull");
    FetchRequest request{.url = std::move(url),
                         .lan = itself,
                         .loopback = itself && isLoopback(image.registry),
                         .redirects = false,
                         .connect = kConnect,
                         .total = kTotal,
                         .maxBody = kMaxToken};
    if (login) request.headers.emplace_back("Authorization", basicAuthorization(*login));
    const FetchAnswer answer = fetch(host_, call, request);
    if (answer.status == 401 || answer.status == 403) throw Denied(image.registry + " does not accept who we are");
    if (answer.status == 429) throw Limited(image.registry + " gives no more tokens for now: its limit of requests is reached");
    if (!answer.ok()) throw BadUpstream(image.registry + " gives no token: " + std::to_string(answer.status));
    try {
        const auto token = readText<Token>(answer.body);
        if (token.token) return "Bearer " + *token.token;
        if (token.access_token) return "Bearer " + *token.access_token;
    } catch (const Invalid&) { // said below
    }
    throw BadUpstream(image.registry + " answers something that is no token");
}

std::string RegistryClient::digest(const Call* call, const ImageReference& image) {
    awaitTurn(image.registry);
    FetchHead answer = head(call, image, "");
    if (answer.status == 401)
        answer = head(call, image, authorize(call, image, answer.header("WWW-Authenticate")));
    if (answer.status == 429) awaitTurn(image.registry); // throws
    if (answer.status == 401 || answer.status == 403) throw Denied(image.registry + " does not let us see " + image.text());
    if (answer.status == 404) throw NotFound(image.registry + " has no " + image.text());
    const std::string digest(answer.header("Docker-Content-Digest"));
    if (!answer.ok() || !digest.starts_with("sha256:"))
        throw BadUpstream(image.registry + " answered " + std::to_string(answer.status) + " without a digest");
    return digest;
}

} // namespace talome::docker

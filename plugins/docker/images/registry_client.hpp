// Asks registries for the digest of a tag (OCI distribution 1.1, HEAD of a manifest), which counts towards no pull limit.
// A registry that says "too many" is left alone for as long as it says. Any worker.
#pragma once

#include "engine/engine_client.hpp"
#include "images/image_reference.hpp"
#include "images/registry_credentials.hpp"

#include <chrono>
#include <map>
#include <mutex>

namespace talome::docker {

class RegistryClient {
public:
    RegistryClient(Host host, const EngineClient& client) : host_(host), client_(client) {}

    // "sha256:…" of the tag. Throws NotFound, Denied, Limited (with the seconds to wait), Unavailable, Timeout, BadUpstream.
    std::string digest(const Call* call, const ImageReference& image);

private:
    using Clock = std::chrono::steady_clock;

    FetchHead head(const Call* call, const ImageReference& image, const std::string& authorization);
    std::string authorize(const Call* call, const ImageReference& image, std::string_view challenge);
    std::string origin(const ImageReference& image);
    bool insecure(const std::string& registry);
    void awaitTurn(const std::string& registry);
    void note(const std::string& registry, const FetchHead& answer);

    const Host host_;
    const EngineClient& client_;
    std::mutex mutex_; // all below
    std::map<std::string, Clock::time_point> notBefore_;
    std::map<std::string, bool> insecure_;
};

} // namespace talome::docker

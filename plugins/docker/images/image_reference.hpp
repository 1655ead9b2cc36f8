// What names an image: [REGISTRY/]PATH[:TAG][@DIGEST], as the engine and its registries read it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace talome::docker {

struct ImageReference {
    std::string registry; // "docker.io", "ghcr.io", "127.0.0.1:5000"
    std::string path;     // "library/busybox"
    std::string tag;      // "latest" where neither tag nor digest is given
    std::string digest;   // "sha256:…"; empty: none

    std::string repository() const; // as the engine shows it: "busybox", "ghcr.io/a/b"
    std::string text() const;       // repository, tag and digest
    bool sameRepository(const ImageReference& other) const {
        return registry == other.registry && path == other.path;
    }
};

// Throws Invalid, naming `field`.
ImageReference parseImage(std::string_view text, const char* field = "image");

inline constexpr const char* kImagePattern = "^[a-zA-Z0-9][a-zA-Z0-9._/:@-]{0,300}$";

} // namespace talome::docker

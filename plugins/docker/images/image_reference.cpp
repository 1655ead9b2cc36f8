// The grammar is that of the distribution project's "reference" package: a first component with a dot, a colon, or the
// word localhost is a registry.
#include "images/image_reference.hpp"

#include <talome/errors.hpp>

#include <algorithm>

namespace talome::docker {

namespace {

constexpr std::string_view kHub = "docker.io";

bool isLower(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool isWord(char c) { return isLower(c) || (c >= 'A' && c <= 'Z') || c == '_'; }

// [a-z0-9] with single . and up to two _ or any number of - in between.
bool isComponent(std::string_view text) {
    if (text.empty() || !isLower(text.front()) || !isLower(text.back())) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (isLower(text[i]) || text[i] == '-') continue;
        if (text[i] != '.' && text[i] != '_') return false;
        const std::size_t run = text.find_first_not_of(text[i], i) - i;
        if (run > (text[i] == '_' ? 2u : 1u) || !isLower(text[i + run])) return false;
        i += run - 1;
    }
    return true;
}

bool isPath(std::string_view text) {
    while (true) {
        const auto slash = text.find('/');
        if (!isComponent(text.substr(0, slash))) return false;
        if (slash == text.npos) return true;
        text.remove_prefix(slash + 1);
    }
}

bool isTag(std::string_view text) {
    return !text.empty() && text.size() <= 128 && isWord(text.front()) &&
           std::all_of(text.begin(), text.end(), [](char c) { return isWord(c) || c == '.' || c == '-'; });
}

bool isDigest(std::string_view text) {
    constexpr std::string_view kind = "sha256:";
    return text.starts_with(kind) && text.size() == kind.size() + 64 &&
           text.substr(kind.size()).find_first_not_of("0123456789abcdef") == text.npos;
}

bool isRegistry(std::string_view text) {
    const auto host = text.substr(0, text.find(':'));
    if (host.empty() || host.front() == '.' || host.front() == '-' || host.find("..") != host.npos) return false;
    const bool named =
        std::all_of(host.begin(), host.end(), [](char c) { return (isWord(c) && c != '_') || c == '.' || c == '-'; });
    if (host.size() == text.size()) return named;
    const auto port = text.substr(host.size() + 1);
    return named && !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == port.npos;
}

} // namespace

std::string ImageReference::repository() const {
    if (registry != kHub) return registry + "/" + path;
    return path.starts_with("library/") ? path.substr(8) : path;
}

std::string ImageReference::text() const {
    return repository() + (tag.empty() ? "" : ":" + tag) + (digest.empty() ? "" : "@" + digest);
}

ImageReference parseImage(std::string_view text, const char* field) {
    const auto fail = [&](const char* why) { throw Invalid(field, why); };
    ImageReference image;
    if (const auto at = text.find('@'); at != text.npos) {
        image.digest = text.substr(at + 1);
        if (!isDigest(image.digest)) fail("has a digest that is not sha256: and 64 hexadecimal digits");
        text = text.substr(0, at);
    }
    const auto slash = text.find('/');
    const auto first = text.substr(0, slash);
    const bool hasRegistry =
        slash != text.npos && (first.find_first_of(".:") != first.npos || first == "localhost");
    image.registry = hasRegistry ? first : kHub;
    if (!isRegistry(image.registry)) fail("names a registry that is no host name and port");
    if (hasRegistry) text.remove_prefix(slash + 1);
    if (image.registry == "index.docker.io" || image.registry == "registry-1.docker.io") image.registry = kHub;
    if (const auto colon = text.find(':'); colon != text.npos) {
        image.tag = text.substr(colon + 1);
        if (!isTag(image.tag)) fail("has a tag that is none");
        text = text.substr(0, colon);
    } else if (image.digest.empty()) {
        image.tag = "latest";
    }
    if (!isPath(text)) fail("is no name of an image: [registry/]path[:tag], in small letters");
    image.path = text;
    if (image.registry == kHub && image.path.find('/') == std::string::npos) image.path = "library/" + image.path;
    return image;
}

} // namespace talome::docker

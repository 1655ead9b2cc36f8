#include "protocol/origin_check.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>

namespace talome::mcp {

namespace {

std::string lower(std::string_view text) {
    std::string all(text);
    std::ranges::transform(all, all.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return all;
}

/// Without the port; an IPv6 address without its brackets. Empty if it is no host.
std::string nameOf(std::string_view host) {
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        return end == host.npos ? std::string() : lower(host.substr(1, end - 1));
    }
    auto name = lower(host.substr(0, host.find(':')));
    if (name.ends_with('.')) name.pop_back();
    return name;
}

/// Of an origin, or empty.
std::string hostOf(std::string_view origin) {
    for (const std::string_view scheme : {"http://", "https://"})
        if (origin.starts_with(scheme)) return nameOf(origin.substr(scheme.size()));
    return {};
}

bool isAddress(const std::string& name) {
    unsigned char bytes[16];
    return ::inet_pton(AF_INET, name.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

bool isThisMachine(const std::string& name) {
    return name == "localhost" || name.ends_with(".localhost") || name == "::1" ||
           (name.starts_with("127.") && isAddress(name));
}

/// RFC 6762, RFC 8375, and what routers and ICANN (2024) leave to local networks.
bool isLocalName(const std::string& name) {
    if (name.find('.') == name.npos) return !name.empty();
    return std::ranges::any_of(std::initializer_list<std::string_view>{".local", ".lan", ".home.arpa", ".internal"},
                               [&](std::string_view end) { return name.ends_with(end); });
}

} // namespace

bool isOwnHost(std::string_view host, const std::vector<std::string>& allowed) {
    const auto name = nameOf(host);
    if (name.empty()) return false;
    if (isAddress(name) || isThisMachine(name) || isLocalName(name)) return true;
    return std::ranges::any_of(allowed, [&](const auto& each) { return hostOf(each) == name; });
}

bool isAllowedOrigin(std::string_view origin, std::string_view host, const std::vector<std::string>& allowed) {
    if (std::ranges::find(allowed, origin) != allowed.end()) return true;
    const auto name = hostOf(origin);
    if (name.empty()) return false;
    return isThisMachine(name) || (name == nameOf(host) && isOwnHost(host, allowed));
}

} // namespace talome::mcp

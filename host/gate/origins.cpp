// Which web pages may use this server from another place than its own.
#include "host/gate/origins.hpp"

#include "host/gate/network.hpp"

#include <Poco/Net/IPAddress.h>
#include <algorithm>
#include <optional>
#include <stdexcept>

namespace talome::gate {

namespace {

bool isHostByte(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'; }

/// Of an origin as browsers write it (RFC 6454, 6.2): http or https, a host in lower case, a port or none, and nothing
/// else. An IPv6 address comes without its brackets.
std::optional<std::string_view> hostOf(std::string_view origin) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!origin.starts_with(scheme)) continue;
        auto rest = origin.substr(scheme.size());
        std::string_view host;
        if (rest.starts_with('[')) {
            const auto end = rest.find(']');
            if (end == rest.npos) return std::nullopt;
            host = rest.substr(1, end - 1);
            if (host.find_first_not_of("0123456789abcdef:.") != host.npos) return std::nullopt;
            rest.remove_prefix(end + 1);
        } else {
            host = rest.substr(0, rest.find(':'));
            if (!std::all_of(host.begin(), host.end(), isHostByte)) return std::nullopt;
            rest.remove_prefix(host.size());
        }
        if (host.empty()) return std::nullopt;
        if (rest.empty()) return host;
        rest.remove_prefix(1);
        if (rest.empty() || rest.size() > 5 || rest.find_first_not_of("0123456789") != rest.npos) return std::nullopt;
        return host;
    }
    return std::nullopt;
}

bool isLocal(std::string_view host) {
    Poco::Net::IPAddress address;
    if (Poco::Net::IPAddress::tryParse(std::string(host), address)) return isPrivateAddress(std::string(host));
    return isLocalHost(host);
}

constexpr const char* kExposed =
    "X-Request-Id, X-Total-Count, X-Next-Cursor, Retry-After, Location, ETag, Content-Disposition, Mcp-Session-Id";

} // namespace

Origins::Origins(const std::vector<std::string>& listed) : listed_(listed) {
    for (const auto& each : listed_)
        if (!hostOf(each))
            throw std::invalid_argument("'" + each + "' is no origin: expected http://HOST:PORT, in lower case");
}

Origins::Trust Origins::of(std::string_view origin) const {
    if (std::find(listed_.begin(), listed_.end(), origin) != listed_.end()) return Trust::listed;
    const auto host = hostOf(origin);
    return host && isLocal(*host) ? Trust::local : Trust::none;
}

void Origins::mark(http::Exchange& exchange) const {
    exchange.setHeader("Vary", "Origin");
    const auto origin = exchange.header("Origin");
    const auto trust = origin ? of(*origin) : Trust::none;
    if (trust == Trust::none) return;
    exchange.setHeader("Access-Control-Allow-Origin", *origin);
    exchange.setHeader("Access-Control-Expose-Headers", kExposed);
    if (trust == Trust::listed) exchange.setHeader("Access-Control-Allow-Credentials", "true");
}

bool Origins::answerPreflight(http::Exchange& exchange) const {
    const auto origin = exchange.header("Origin");
    if (exchange.method() != "OPTIONS" || !origin || !exchange.header("Access-Control-Request-Method")) return false;
    if (of(*origin) == Trust::none) {
        exchange.sendError(403, "pages of " + std::string(*origin) +
                                    " may not use this server; its owner can name it in dashboard_origin");
        return true;
    }
    exchange.setHeader("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
    exchange.setHeader("Access-Control-Allow-Headers",
                       "Authorization, Content-Type, If-None-Match, If-Match, If-Range, Last-Event-ID, Prefer, Range, "
                       "Talome-Approval, Mcp-Session-Id, Mcp-Protocol-Version, Mcp-Method, Mcp-Name");
    exchange.setHeader("Access-Control-Max-Age", "600");
    if (exchange.header("Access-Control-Request-Private-Network"))
        exchange.setHeader("Access-Control-Allow-Private-Network", "true");
    exchange.send(204, "", "");
    return true;
}

} // namespace talome::gate

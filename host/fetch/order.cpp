// What a plugin asks for, checked, copied and with its limits filled in.
#include "host/fetch/order.hpp"

#include "sdk/manifest/fit.hpp"

#include <sys/un.h>

namespace talome::fetch {

namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kMostHeaders = 100;
constexpr std::size_t kMostHeaderBytes = 65536, kMostBody = 64u << 20;
constexpr std::uint64_t kBody = 16u << 20;
constexpr milliseconds kConnect{10'000}, kMostConnect{60'000}, kTotal{60'000}, kMostTotal{86'400'000}, kIdle{30'000},
    kStreamIdle{300'000}, kMostIdle{3'600'000};

std::string_view text(talome_str from) { return {from.n ? from.p : "", from.n}; }

milliseconds limit(std::uint32_t given, milliseconds otherwise, milliseconds most, Manner manner, const char* field) {
    if (given == 0) return otherwise;
    if (given == TALOME_FETCH_NO_LIMIT) {
        if (manner == Manner::stream) return kForever;
        throw Invalid(field, "is limited but for streams");
    }
    if (milliseconds(given) > most) throw Invalid(field, "is " + std::to_string(most.count()) + " at most");
    return milliseconds(given);
}

Fingerprint readPin(std::string_view given) {
    Fingerprint pin{};
    std::size_t digits = 0;
    for (const char c : given) {
        if (c == ':') continue;
        const auto value =
            std::string_view("0123456789abcdef").find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
        if (value == std::string_view::npos || digits == 64) throw Invalid("pin", "expected 64 hexadecimal digits");
        auto& byte = pin[digits++ / 2];
        byte = static_cast<unsigned char>(byte << 4 | value);
    }
    if (digits != 64) throw Invalid("pin", "expected 64 hexadecimal digits");
    return pin;
}

std::string readPath(const char* given, const char* field) {
    if (!given) return {};
    if (*given != '/') throw Invalid(field, "expected an absolute path");
    return given;
}

void readHeaders(const talome_fetch_request& from, Order& to) {
    if (from.n_headers > kMostHeaders) throw Invalid("headers", "are more than 100");
    if (from.n_headers && !from.headers) throw Invalid("headers", "are null");
    std::size_t bytes = 0;
    for (std::uint32_t i = 0; i < from.n_headers; ++i) {
        const auto name = text(from.headers[i].name), value = text(from.headers[i].value);
        checkRequestField(name, value);
        bytes += name.size() + value.size();
        to.headers.emplace_back(name, value);
    }
    if (bytes > kMostHeaderBytes) throw Invalid("headers", "are larger than 64 KiB");
}

void readBody(const talome_fetch_request& from, Manner manner, Order& to) {
    if (from.body.n > kMostBody) throw Invalid("body", "is larger than 64 MiB: let it be pulled");
    to.body.assign(from.body.n ? static_cast<const char*>(from.body.p) : "", from.body.n);
    if (!from.pull) return;
    if (manner != Manner::whole) throw Invalid("pull", "is for fetch() only");
    if (from.body.n) throw Invalid("pull", "cannot stand beside a body");
    if (from.pull_size < -1) throw Invalid("pull_size", "is negative");
    to.pulled = from.pull_size;
}

void readTrust(const talome_fetch_request& from, Order& to) {
    to.trust.caFile = readPath(from.ca_file, "ca_file");
    to.trust.certFile = readPath(from.cert_file, "cert_file");
    to.trust.keyFile = readPath(from.key_file, "key_file");
    if (to.trust.certFile.empty() != to.trust.keyFile.empty())
        throw Invalid("cert_file", "needs a key_file, and the other way round");
    if (from.pin) to.trust.pin = readPin(from.pin);
    if (to.trust.pin && !to.url.secure) throw Invalid("pin", "needs https");
}

} // namespace

Order readOrder(const std::string& plugin, const talome_fetch_request* given, Manner manner) {
    const auto from = manifest::fit(given, "request");
    Order to;
    to.plugin = plugin;
    if (from.flags & ~std::uint32_t{TALOME_FETCH_NO_REDIRECTS | TALOME_FETCH_AS_SENT})
        throw Invalid("flags", "has one that this host does not know");
    if (from.reach & ~std::uint32_t{TALOME_FETCH_LAN | TALOME_FETCH_LOOPBACK})
        throw Invalid("reach", "has a place that this host does not know");
    if (!from.url) throw Invalid("url", "is missing");
    to.url = parseUrl(from.url);
    if (from.method) to.method = from.method;
    checkMethod(to.method);
    readHeaders(from, to);
    readBody(from, manner, to);
    readTrust(from, to);
    to.unixSocket = readPath(from.unix_socket, "unix_socket");
    if (to.unixSocket.size() >= sizeof(sockaddr_un::sun_path)) throw Invalid("unix_socket", "is too long");
    if (!to.unixSocket.empty() && to.url.secure) throw Invalid("unix_socket", "is spoken to by http");
    to.reach = from.reach;
    to.decode = !(from.flags & TALOME_FETCH_AS_SENT);
    if (from.max_redirects > 20) throw Invalid("max_redirects", "is 20 at most");
    to.redirects = from.flags & TALOME_FETCH_NO_REDIRECTS || !to.unixSocket.empty() ? 0
                   : from.max_redirects                                             ? from.max_redirects
                                                                                    : 5;
    if (from.connect_ms == TALOME_FETCH_NO_LIMIT) throw Invalid("connect_ms", "is limited");
    to.connect = limit(from.connect_ms, kConnect, kMostConnect, manner, "connect_ms");
    to.total = limit(from.total_ms, manner == Manner::stream ? kForever : kTotal, kMostTotal, manner, "total_ms");
    to.idle = limit(from.idle_ms, manner == Manner::stream ? kStreamIdle : kIdle, kMostIdle, manner, "idle_ms");
    const bool unlimited = from.max_body == TALOME_UNLIMITED;
    if (unlimited && manner != Manner::stream) throw Invalid("max_body", "is limited but for streams");
    to.maxBody = unlimited ? kNoLimit : from.max_body ? from.max_body : kBody;
    if (from.protocol) to.protocol = from.protocol;
    if (manner == Manner::upgrade) {
        checkRequestField("Protocol", to.protocol);
        if (to.protocol.empty()) throw Invalid("protocol", "is missing");
    } else if (!to.protocol.empty())
        throw Invalid("protocol", "is for upgrade() only");
    return to;
}

} // namespace talome::fetch

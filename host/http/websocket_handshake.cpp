#include "host/http/websocket_handshake.hpp"

#include "host/http/error.hpp"
#include "host/http/websocket_extensions.hpp"

#include <algorithm>
#include <array>
#include <strings.h>

#include <openssl/evp.h>

namespace talome::http {

namespace {

constexpr std::string_view kVersion = "13";
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, 1.3
constexpr std::size_t kKeyDigits = 22;                                     // of base64 for 16 bytes; then "=="

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// The values of all fields of that name as the one list that they are (RFC 9110, 5.3).
std::string joined(const RequestHead& request, std::string_view name) {
    std::string all;
    for (auto& field : request.fields)
        if (same(field.name, name)) all.append(all.empty() ? "" : ",").append(field.value);
    return all;
}

bool holdsToken(const std::vector<std::string_view>& list, std::string_view token) {
    return std::any_of(list.begin(), list.end(), [&](auto entry) { return same(entry, token); });
}

// The only field of that name.
std::string_view single(const RequestHead& request, std::string_view name) {
    const HeaderField* found = nullptr;
    for (auto& field : request.fields) {
        if (!same(field.name, name)) continue;
        if (found) throw HttpError(400, std::string(name) + " is repeated");
        found = &field;
    }
    return found ? found->value : std::string_view{};
}

[[noreturn]] void refuseVersion(std::string words) {
    throw HttpError(426, std::move(words),
                    {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", std::string(kVersion)}});
}

void checkUpgrade(const RequestHead& request) {
    const auto connection = joined(request, "Connection"), upgrade = joined(request, "Upgrade");
    const auto options = readTokens(connection), protocols = readTokens(upgrade);
    // HTTP/1.0 knows no Upgrade: a server ignores it there (RFC 9110, 7.8).
    if (request.minor < 1 || !options || !protocols || !holdsToken(*options, "upgrade") ||
        !holdsToken(*protocols, "websocket"))
        refuseVersion("this address speaks WebSocket: the request must ask for that upgrade");
    if (request.method != "GET") throw HttpError(400, "a WebSocket is opened with GET");
    if (request.framing != Framing::none) throw HttpError(400, "a request that opens a WebSocket has no body");
    if (single(request, "Sec-WebSocket-Version") != kVersion)
        refuseVersion("this server speaks version 13 of the WebSocket protocol");
}

bool isKey(std::string_view key) {
    auto digit = [](char c) {
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '+' || c == '/';
    };
    // The last digit may hold bits that no byte takes: even the RFC's own example does.
    return key.size() == kKeyDigits + 2 && key.substr(kKeyDigits) == "==" &&
           std::all_of(key.begin(), key.begin() + kKeyDigits, digit);
}

std::string acceptKeyOf(std::string_view key) {
    const auto text = std::string(key).append(kGuid);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
        throw HttpError(500, "SHA-1 is not available");
    std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> base64;
    const auto n = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
    return std::string(base64.begin(), base64.begin() + n);
}

// The first that both know: the client names them in the order of its wish.
std::string chooseProtocol(const RequestHead& request, const std::vector<std::string>& known) {
    const auto text = joined(request, "Sec-WebSocket-Protocol");
    const auto wanted = readTokens(text);
    if (!wanted) throw HttpError(400, "Sec-WebSocket-Protocol is malformed");
    for (auto entry = wanted->begin(); entry != wanted->end(); ++entry)
        if (std::find(wanted->begin(), entry, *entry) != entry)
            throw HttpError(400, "Sec-WebSocket-Protocol names a protocol twice");
    for (auto entry : *wanted)
        if (std::find(known.begin(), known.end(), entry) != known.end()) return std::string(entry);
    return {};
}

} // namespace

WebSocketHandshake acceptWebSocket(const RequestHead& request, const WebSocketOptions& options) {
    checkUpgrade(request);
    const auto key = single(request, "Sec-WebSocket-Key");
    if (!isKey(key)) throw HttpError(400, "Sec-WebSocket-Key must be 16 bytes in base64");
    WebSocketHandshake handshake;
    handshake.protocol = chooseProtocol(request, options.protocols);
    const auto text = joined(request, "Sec-WebSocket-Extensions");
    const auto offers = readExtensions(text);
    if (!offers) throw HttpError(400, "Sec-WebSocket-Extensions is malformed");
    if (options.deflate) handshake.deflate = agreeDeflate(*offers, *options.deflate, handshake.extensions);
    handshake.acceptKey = acceptKeyOf(key);
    return handshake;
}

std::vector<std::pair<std::string, std::string>> WebSocketHandshake::fields() const {
    std::vector<std::pair<std::string, std::string>> fields{
        {"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", acceptKey}};
    if (!protocol.empty()) fields.emplace_back("Sec-WebSocket-Protocol", protocol);
    if (!extensions.empty()) fields.emplace_back("Sec-WebSocket-Extensions", extensions);
    return fields;
}

std::string WebSocketHandshake::head(std::string_view requestId, const ResponseFields& more) const {
    std::string out = "HTTP/1.1 101 Switching Protocols\r\n";
    auto add = [&](std::string_view name, std::string_view value) {
        out.append(name).append(": ").append(value).append("\r\n");
    };
    for (auto& [name, value] : fields()) add(name, value);
    add("X-Request-Id", requestId);
    for (auto& [name, value] : more.all()) add(name, value);
    return out.append("\r\n");
}

} // namespace talome::http

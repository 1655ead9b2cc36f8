#include "protocol/request_state.hpp"

#include "protocol/base64.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

namespace json = boost::json;

namespace talome::mcp {

namespace {

std::string randomBytes(std::size_t n) {
    std::string bytes(n, '\0');
    if (::getrandom(bytes.data(), n, 0) != static_cast<ssize_t>(n))
        throw std::runtime_error("the kernel gave no random bytes");
    return bytes;
}

std::string hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned char c : bytes) (text += digits[c >> 4]) += digits[c & 15];
    return text;
}

} // namespace

std::string randomText(std::size_t n) { return hex(randomBytes(n)); }

std::string digestOf(std::string_view text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("SHA-256 failed");
    return hex({reinterpret_cast<const char*>(digest), size});
}

Digest::Digest() : context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("SHA-256 failed");
}

Digest::~Digest() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

void Digest::add(std::string_view piece) {
    if (EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), piece.data(), piece.size()) != 1)
        throw std::runtime_error("SHA-256 failed");
}

std::string Digest::end() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest, &size) != 1)
        throw std::runtime_error("SHA-256 failed");
    return hex({reinterpret_cast<const char*>(digest), size});
}

RequestState::RequestState() : key_(randomBytes(32)) {}

std::string RequestState::mac(const std::string& boundTo, std::string_view text) const {
    const std::string all = digestOf(boundTo) + '\n' + std::string(text);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (!HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
              reinterpret_cast<const unsigned char*>(all.data()), all.size(), digest, &size))
        throw std::runtime_error("HMAC failed");
    return toBase64Url({reinterpret_cast<const char*>(digest), size});
}

std::string RequestState::sign(const std::string& boundTo, const json::object& answers, std::int64_t nowMs) const {
    const json::object body{{"until", nowMs + kLifetimeMs}, {"answers", answers}, {"nonce", randomText(8)}};
    const auto text = toBase64Url(json::serialize(body));
    return text + "." + mac(boundTo, text);
}

json::object RequestState::open(const std::string& boundTo, std::string_view state, std::int64_t nowMs) const {
    const auto dot = state.find('.');
    const auto text = state.substr(0, dot);
    const auto given = dot == state.npos ? std::string_view() : state.substr(dot + 1);
    const auto right = mac(boundTo, text);
    if (given.size() != right.size() || CRYPTO_memcmp(given.data(), right.data(), right.size()) != 0)
        throw RpcError(kInvalidParams, "requestState: is not what this server gave for this call");
    const auto plain = fromBase64(text);
    const auto body = json::parse(plain.value_or("null"));
    if (body.at("until").to_number<std::int64_t>() <= nowMs)
        throw RpcError(kInvalidParams, "requestState: has expired; begin again");
    return body.at("answers").as_object();
}

} // namespace talome::mcp

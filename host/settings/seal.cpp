// Secrets at rest: AES-256-GCM with the name of the setting as associated data.
#include "host/settings/seal.hpp"

#include "host/auth/secret.hpp"

#include <memory>
#include <openssl/evp.h>
#include <stdexcept>

namespace talome::settings {

namespace {

constexpr std::size_t kNonce = 12, kTag = 16;
using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void must(bool fine, std::string_view name) {
    if (!fine)
        throw std::runtime_error("the stored secret '" + std::string(name) +
                                 "' cannot be opened: it was changed, or sealed by another server");
}

} // namespace

std::string Seal::close(std::string_view name, std::string_view plain) const {
    const auto nonce = auth::randomBytes(kNonce);
    std::string sealed(plain.size(), '\0'), tag(kTag, '\0');
    const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    int n = 0, last = 0;
    const bool fine =
        context && EVP_EncryptInit_ex2(context.get(), EVP_aes_256_gcm(), bytes(key_), bytes(nonce), nullptr) == 1 &&
        EVP_EncryptUpdate(context.get(), nullptr, &n, bytes(name), static_cast<int>(name.size())) == 1 &&
        EVP_EncryptUpdate(context.get(), bytes(sealed), &n, bytes(plain), static_cast<int>(plain.size())) == 1 &&
        EVP_EncryptFinal_ex(context.get(), bytes(sealed) + n, &last) == 1 &&
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTag, tag.data()) == 1;
    if (!fine) throw std::runtime_error("AES-256-GCM failed");
    return std::string(kVersion) + auth::base64Url(nonce + tag + sealed);
}

std::string Seal::open(std::string_view name, std::string_view envelope) const {
    must(envelope.starts_with(kVersion), name);
    const auto decoded = auth::fromBase64Url(envelope.substr(kVersion.size()));
    must(decoded && decoded->size() >= kNonce + kTag, name);
    const auto& whole = *decoded;
    const std::string_view sealed = std::string_view(whole).substr(kNonce + kTag);
    std::string tag = whole.substr(kNonce, kTag), plain(sealed.size(), '\0');
    const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    int n = 0, last = 0;
    must(context && EVP_DecryptInit_ex2(context.get(), EVP_aes_256_gcm(), bytes(key_), bytes(whole), nullptr) == 1 &&
             EVP_DecryptUpdate(context.get(), nullptr, &n, bytes(name), static_cast<int>(name.size())) == 1 &&
             EVP_DecryptUpdate(context.get(), bytes(plain), &n, bytes(sealed), static_cast<int>(sealed.size())) == 1 &&
             EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTag, tag.data()) == 1 &&
             EVP_DecryptFinal_ex(context.get(), bytes(plain) + n, &last) == 1,
         name);
    return plain;
}

} // namespace talome::settings

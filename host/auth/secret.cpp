// The server's secret and what is derived from it; random values.
#include "host/auth/secret.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdexcept>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace talome::auth {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

std::string fromHex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        const auto high = kHex.find(static_cast<char>(hex[i] | 0x20)),
                   low = kHex.find(static_cast<char>(hex[i + 1] | 0x20));
        if (high == std::string_view::npos || low == std::string_view::npos)
            throw std::runtime_error("the secret is not hexadecimal");
        bytes += static_cast<char>(high << 4 | low);
    }
    return bytes;
}

[[noreturn]] void failed(const std::filesystem::path& file) {
    throw std::runtime_error(file.string() + ": " + std::strerror(errno));
}

struct Descriptor {
    int fd;
    ~Descriptor() { ::close(fd); }
};

std::string readWhole(const std::filesystem::path& file, int fd) {
    struct stat about {};
    if (fstat(fd, &about) < 0) failed(file);
    if (about.st_mode & 077)
        throw std::runtime_error(file.string() + ": others may read it; set its mode to 0600, or make a new secret");
    char text[256];
    const auto n = ::read(fd, text, sizeof text);
    if (n < 0) failed(file);
    std::string hex(text, static_cast<std::size_t>(n));
    while (!hex.empty() && (hex.back() == '\n' || hex.back() == '\r' || hex.back() == ' ')) hex.pop_back();
    if (hex.size() != 64) throw std::runtime_error(file.string() + ": expected 64 hexadecimal digits");
    return fromHex(hex);
}

/// A crash in the middle leaves either no file or the whole one.
std::string makeNew(const std::filesystem::path& file) {
    const auto bytes = randomBytes(32);
    const auto text = toHex(bytes) + "\n";
    const auto fresh = file.string() + ".new";
    ::unlink(fresh.c_str());
    const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) failed(fresh);
    const Descriptor closing{fd};
    if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(fd) < 0) failed(fresh);
    if (::rename(fresh.c_str(), file.c_str()) < 0) failed(file);
    const int folder = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) failed(file.parent_path());
    const Descriptor closingToo{folder};
    if (::fsync(folder) < 0) failed(file.parent_path());
    return bytes;
}

} // namespace

Secret::Secret(const std::optional<std::string>& given, const std::filesystem::path& file) {
    if (given) {
        bytes_ = fromHex(*given);
        return;
    }
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno != ENOENT) failed(file);
    if (fd < 0) {
        bytes_ = makeNew(file);
        return;
    }
    const Descriptor closing{fd};
    bytes_ = readWhole(file, fd);
}

std::string Secret::key(std::string_view purpose) const {
    const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr), EVP_KDF_free);
    const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(EVP_KDF_CTX_new(kdf.get()),
                                                                            EVP_KDF_CTX_free);
    char digest[] = "SHA256";
    std::string secret = bytes_, info(purpose);
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()), OSSL_PARAM_construct_end()};
    std::string key(32, '\0');
    if (!context ||
        EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(key.data()), key.size(), parameters) <= 0)
        throw std::runtime_error("HKDF failed");
    return key;
}

std::string randomBytes(std::size_t n) {
    std::string bytes(n, '\0');
    for (std::size_t have = 0; have < n;) {
        const auto got = getrandom(bytes.data() + have, n - have, 0);
        if (got < 0 && errno != EINTR) throw std::runtime_error(std::string("getrandom: ") + std::strerror(errno));
        if (got > 0) have += static_cast<std::size_t>(got);
    }
    return bytes;
}

std::string hmac(std::string_view key, std::string_view data) {
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned n = 0;
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(data.data()), data.size(),
              reinterpret_cast<unsigned char*>(digest.data()), &n))
        throw std::runtime_error("HMAC failed");
    digest.resize(n);
    return digest;
}

std::string toHex(std::string_view bytes) {
    std::string hex;
    for (const unsigned char c : bytes) {
        hex += kHex[c >> 4];
        hex += kHex[c & 15];
    }
    return hex;
}

std::string base64Url(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto left = bytes.size() - i;
        unsigned group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < (left < 3 ? left + 1 : 4); ++k) out += digits[group >> (18 - 6 * k) & 63];
    }
    return out;
}

std::optional<std::string> fromBase64Url(std::string_view text) {
    std::string out;
    unsigned bits = 0, have = 0;
    for (const char c : text) {
        unsigned digit = 0;
        if (c >= 'A' && c <= 'Z')
            digit = static_cast<unsigned>(c - 'A');
        else if (c >= 'a' && c <= 'z')
            digit = static_cast<unsigned>(c - 'a' + 26);
        else if (c >= '0' && c <= '9')
            digit = static_cast<unsigned>(c - '0' + 52);
        else if (c == '-')
            digit = 62;
        else if (c == '_')
            digit = 63;
        else
            return std::nullopt;
        bits = bits << 6 | digit;
        if ((have += 6) >= 8) out += static_cast<char>(bits >> (have -= 8) & 0xff);
    }
    return base64Url(out) == text ? std::optional(out) : std::nullopt; // one text for the same bytes
}

std::string uuid() {
    auto bytes = randomBytes(16);
    bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
    auto hex = toHex(bytes);
    for (const std::size_t at : {8, 13, 18, 23}) hex.insert(at, "-");
    return hex;
}

bool equalConstantTime(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace talome::auth

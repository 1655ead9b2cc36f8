// Password hashes: Argon2id with a unique salt.
#include "host/auth/password.hpp"

#include "host/auth/secret.hpp"

#include <argon2.h>
#include <crypt.h>
#include <memory>
#include <stdexcept>

namespace talome::auth {

namespace {

// The OWASP Password Storage Cheat Sheet's first choice for Argon2id.
constexpr std::uint32_t kMemoryKiB = 19'456, kPasses = 2, kLanes = 1;
constexpr std::size_t kSalt = 16, kHash = 32;
constexpr std::string_view kPrefix = "$argon2id$v=19$m=19456,t=2,p=1$"; // of those numbers

bool isBcrypt(const std::string& hash) {
    return hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$");
}

bool verifyBcrypt(std::string_view password, const std::string& hash) {
    if (password.find('\0') != std::string_view::npos) return false; // bcrypt would not see what is behind it
    const auto data = std::make_unique<crypt_data>();
    const char* again = ::crypt_r(std::string(password).c_str(), hash.c_str(), data.get());
    return again && again[0] != '*' && equalConstantTime(again, hash);
}

} // namespace

std::string hashPassword(std::string_view password) {
    const auto salt = randomBytes(kSalt);
    std::string text(argon2_encodedlen(kPasses, kMemoryKiB, kLanes, kSalt, kHash, Argon2_id), '\0');
    const int code = argon2id_hash_encoded(kPasses, kMemoryKiB, kLanes, password.data(), password.size(), salt.data(),
                                           salt.size(), kHash, text.data(), text.size());
    if (code != ARGON2_OK) throw std::runtime_error(std::string("argon2: ") + argon2_error_message(code));
    text.resize(text.find('\0'));
    return text;
}

bool verifyPassword(std::string_view password, const std::string& hash) {
    if (isBcrypt(hash)) return verifyBcrypt(password, hash);
    const int code = argon2id_verify(hash.c_str(), password.data(), password.size());
    if (code != ARGON2_OK && code != ARGON2_VERIFY_MISMATCH)
        throw std::runtime_error(std::string("argon2: ") + argon2_error_message(code));
    return code == ARGON2_OK;
}

bool isOutdated(const std::string& hash) { return !hash.starts_with(kPrefix); }

const std::string& hashOfNobody() {
    // 32 zero bytes under a salt of zeros: no password is known to hash to that.
    static const std::string nobody = std::string(kPrefix) + std::string(22, 'A') + "$" + std::string(43, 'A');
    return nobody;
}

std::string newRecoveryCode() { return base64Url(randomBytes(18)); }

} // namespace talome::auth

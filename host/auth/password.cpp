// Password hashes: Argon2id with a unique salt.
#include "host/auth/password.hpp"

#include "host/auth/secret.hpp"

#include <argon2.h>
#include <atomic>
#include <semaphore>
#include <stdexcept>
#include <talome/errors.hpp>

namespace talome::auth {

namespace {

// The OWASP Password Storage Cheat Sheet's first choice for Argon2id.
constexpr std::uint32_t kMemoryKiB = 19'456, kPasses = 2, kLanes = 1;
constexpr std::size_t kSalt = 16, kHash = 32;

std::counting_semaphore<2> places(2); // bounds memory and CPU while somebody guesses

std::atomic<int> waiting{0};
constexpr int kMostWaiting = 8;

struct Place {
    Place() {
        if (waiting.fetch_add(1) >= kMostWaiting) {
            --waiting;
            throw Limited("too many logins at once; try again in a second");
        }
        places.acquire();
        --waiting;
    }
    ~Place() { places.release(); }
};

} // namespace

std::string hashPassword(std::string_view password) {
    const auto salt = randomBytes(kSalt);
    std::string text(argon2_encodedlen(kPasses, kMemoryKiB, kLanes, kSalt, kHash, Argon2_id), '\0');
    const Place place;
    const int code = argon2id_hash_encoded(kPasses, kMemoryKiB, kLanes, password.data(), password.size(), salt.data(),
                                           salt.size(), kHash, text.data(), text.size());
    if (code != ARGON2_OK) throw std::runtime_error(std::string("argon2: ") + argon2_error_message(code));
    text.resize(text.find('\0'));
    return text;
}

bool verifyPassword(std::string_view password, const std::string& hash) {
    const Place place;
    const int code = argon2id_verify(hash.c_str(), password.data(), password.size());
    if (code != ARGON2_OK && code != ARGON2_VERIFY_MISMATCH)
        throw std::runtime_error(std::string("argon2: ") + argon2_error_message(code));
    return code == ARGON2_OK;
}

void verifyNothing(std::string_view password) {
    static const std::string nobody = hashPassword(randomBytes(16));
    verifyPassword(password, nobody);
}

} // namespace talome::auth

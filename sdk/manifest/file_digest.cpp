// Which file a manifest belongs to.
#include "file_digest.hpp"

#include <array>
#include <openssl/evp.h>
#include <stdexcept>

namespace talome::manifest {

std::string digestOf(std::span<const std::byte> file) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(file.data(), file.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("SHA-256 cannot be computed");
    std::string text = "sha256:";
    for (unsigned i = 0; i < size; ++i) {
        text += "0123456789abcdef"[digest[i] >> 4];
        text += "0123456789abcdef"[digest[i] & 15];
    }
    return text;
}

} // namespace talome::manifest

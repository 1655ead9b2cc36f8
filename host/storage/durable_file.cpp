// Files that are there after a power cut, whole: synced themselves, and their names in their folder.
#include "host/storage/durable_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <memory>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace talome::storage {

namespace {

constexpr std::size_t kPiece = 256 * 1024;

[[noreturn]] void failed(const std::filesystem::path& file) {
    throw std::system_error(errno, std::generic_category(), file.string());
}

class Descriptor {
public:
    Descriptor(const std::filesystem::path& file, int flags) : file_(file), fd_(::open(file.c_str(), flags, 0600)) {
        if (fd_ < 0) failed(file);
    }
    ~Descriptor() { ::close(fd_); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    void sync() const {
        if (::fsync(fd_) < 0) failed(file_);
    }
    std::size_t read(char* to, std::size_t most) const {
        for (;;) {
            const auto n = ::read(fd_, to, most);
            if (n >= 0) return static_cast<std::size_t>(n);
            if (errno != EINTR) failed(file_);
        }
    }
    void write(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto n = ::write(fd_, bytes.data(), bytes.size());
            if (n >= 0)
                bytes.remove_prefix(static_cast<std::size_t>(n));
            else if (errno != EINTR)
                failed(file_);
        }
    }

private:
    const std::filesystem::path& file_;
    int fd_;
};

constexpr int kNew = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;

/// Reads a file to its end, and returns its SHA-256 in hexadecimal.
std::string readThrough(const std::filesystem::path& file, const std::function<void(std::string_view)>& piece) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    bool good = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
    const Descriptor from(file, O_RDONLY | O_CLOEXEC);
    std::vector<char> buffer(kPiece);
    while (const auto n = from.read(buffer.data(), buffer.size())) {
        good = good && EVP_DigestUpdate(context.get(), buffer.data(), n) == 1;
        if (piece) piece({buffer.data(), n});
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (!good || EVP_DigestFinal_ex(context.get(), digest, &size) != 1) throw std::runtime_error("SHA-256 failed");
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (unsigned i = 0; i < size; ++i) {
        hex += digits[digest[i] >> 4];
        hex += digits[digest[i] & 15];
    }
    return hex;
}

} // namespace

void syncFile(const std::filesystem::path& file) { Descriptor(file, O_RDONLY | O_CLOEXEC).sync(); }

void syncFolder(const std::filesystem::path& folder) { Descriptor(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC).sync(); }

void writeDurably(const std::filesystem::path& file, std::string_view bytes) {
    const Descriptor to(file, kNew);
    to.write(bytes);
    to.sync();
}

std::string copyDurably(const std::filesystem::path& from, const std::filesystem::path& to) {
    const Descriptor made(to, kNew);
    auto digest = readThrough(from, [&](std::string_view piece) { made.write(piece); });
    made.sync();
    return digest;
}

std::string digestOf(const std::filesystem::path& file) { return readThrough(file, {}); }

std::string readSmall(const std::filesystem::path& file, std::size_t most) {
    const Descriptor from(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    std::string bytes(most + 1, '\0');
    std::size_t have = 0;
    while (const auto n = from.read(bytes.data() + have, bytes.size() - have)) have += n;
    if (have > most) throw std::runtime_error(file.string() + ": longer than " + std::to_string(most) + " bytes");
    bytes.resize(have);
    return bytes;
}

void giveToOwnerOf(const std::filesystem::path& folder, const std::filesystem::path& made) {
    if (::geteuid() != 0) return;
    struct stat about {};
    if (::stat(folder.c_str(), &about) < 0) failed(folder);
    if (::lchown(made.c_str(), about.st_uid, about.st_gid) < 0) failed(made);
}

} // namespace talome::storage

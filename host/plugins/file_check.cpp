// Whether a plugin's two files are such that their code may run in this process.
#include "host/plugins/file_check.hpp"

#include "host/plugins/elf.hpp"
#include "sdk/manifest/file_digest.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <span>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace talome::plugins {

namespace {

constexpr const char* kEntry = "talome_plugin_v1";
constexpr std::uint64_t kMostCode = 512u << 20, kMostManifest = 8u << 20;

/// Whoever can write it can run code as this process.
void requireOurs(const struct stat& found, const std::string& name) {
    if (found.st_uid != 0 && found.st_uid != ::geteuid())
        throw Refused(name + " belongs to the user " + std::to_string(found.st_uid) +
                      ": it must be root's or that of talomed itself");
    if (found.st_mode & (S_IWGRP | S_IWOTH))
        throw Refused(name + " can be written by " + (found.st_mode & S_IWOTH ? "everybody" : "its group") +
                      ": take that away with chmod go-w");
}

http::Descriptor open(const std::filesystem::path& file, struct stat& found) {
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    const http::Descriptor directory(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fstat(directory.get(), &found) != 0)
        throw Refused(folder.string() + " cannot be opened: " + std::strerror(errno));
    requireOurs(found, "the folder " + folder.string());
    const auto name = file.filename().string();
    http::Descriptor opened(
        ::openat(directory.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!opened && errno == ENOENT) throw Refused(name + " is missing");
    if (!opened && errno == ELOOP) throw Refused(name + " is a symbolic link: the file itself must be there");
    if (!opened || ::fstat(opened.get(), &found) != 0)
        throw Refused(name + " cannot be opened: " + std::strerror(errno));
    if (!S_ISREG(found.st_mode)) throw Refused(name + " is not a regular file");
    requireOurs(found, name);
    return opened;
}

/// It may become shorter while it is read: what is not there any more is an error, not a signal.
void read(const http::Descriptor& from, void* to, std::size_t size, const std::string& name) {
    for (std::size_t at = 0; at < size;) {
        const auto n = ::pread(from.get(), static_cast<char*>(to) + at, size - at, static_cast<off_t>(at));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
            throw Refused(name + " cannot be read: " + (n < 0 ? std::strerror(errno) : "it has become shorter"));
        at += static_cast<std::size_t>(n);
    }
}

/// Memory that is there at once: a page fault for each of its pages would cost more than the digest.
class Buffer {
public:
    explicit Buffer(std::size_t size)
        : size_(size),
          at_(size ? ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)
                   : nullptr) {
        if (at_ == MAP_FAILED) throw std::bad_alloc();
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() {
        if (size_) ::munmap(at_, size_);
    }
    void* data() { return at_; }
    std::span<const std::byte> content() const { return {static_cast<const std::byte*>(at_), size_}; }

private:
    std::size_t size_;
    void* at_;
};

} // namespace

CheckedFile openChecked(const std::filesystem::path& file) {
    struct stat found {};
    CheckedFile checked;
    checked.descriptor = open(file, found);
    checked.size = static_cast<std::uint64_t>(found.st_size);
    checked.device = found.st_dev;
    checked.inode = found.st_ino;
    checked.changedNs = std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
    if (checked.size > kMostCode) throw Refused(file.filename().string() + " is larger than 512 MiB");
    return checked;
}

void checkContent(CheckedFile& file, const manifest::Manifest& manifest) {
    const auto name = manifest.id + ".so", beside = manifest.id + ".plugin.json";
    Buffer buffer(file.size);
    read(file.descriptor, buffer.data(), file.size, name);
    const auto content = buffer.content();
    if (const auto problem = elfProblem(content, kEntry); !problem.empty())
        throw Refused(name + " is not a plugin for this machine: " + problem);
    if (!manifest.digest)
        throw Refused(beside + " does not say the digest of " + name +
                      ": talome-manifest --digest writes it into one that was made by hand");
    if (manifest.size && *manifest.size != file.size)
        throw Refused(name + " has " + std::to_string(file.size) + " bytes, and its manifest says " +
                      std::to_string(*manifest.size) + ": one of the two is not of this build");
    file.digest = manifest::digestOf(content);
    if (file.digest != *manifest.digest)
        throw Refused(name + " has the digest " + file.digest + ", and its manifest says " + *manifest.digest +
                      ": one of the two is not of this build, or was changed");
}

CheckedFile checkFile(const std::filesystem::path& file, const manifest::Manifest& manifest) {
    auto checked = openChecked(file);
    checkContent(checked, manifest);
    return checked;
}

std::string readManifestText(const std::filesystem::path& file) {
    auto beside = file;
    beside.replace_extension(".plugin.json");
    struct stat found {};
    const auto opened = open(beside, found);
    const auto name = beside.filename().string();
    if (static_cast<std::uint64_t>(found.st_size) > kMostManifest) throw Refused(name + " is larger than 8 MiB");
    std::string text(static_cast<std::size_t>(found.st_size), '\0');
    read(opened, text.data(), text.size(), name);
    return text;
}

} // namespace talome::plugins

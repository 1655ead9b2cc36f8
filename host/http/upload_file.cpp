// O_TMPFILE and linkat(2), or a hidden name and renameat2(2).
#include "host/http/upload_file.hpp"

#include "host/http/error.hpp"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <fcntl.h>
#include <limits>
#include <stdexcept>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>

namespace talome::http {

namespace {

constexpr mode_t kMode = 0600;
constexpr int kTries = 16; // at a random name that is not taken
constexpr std::uint64_t kFlushBytes = std::uint64_t{8} << 20;

[[noreturn]] void failed(int error) {
    switch (error) {
    case ENOSPC:
        throw HttpError(507, "the disk is full");
    case EDQUOT:
        throw HttpError(507, "the disk quota is used up");
    case EFBIG:
        throw HttpError(507, "the file is larger than the file system takes");
    case EROFS:
        throw HttpError(507, "the file system is read-only");
    case EIO:
        throw HttpError(500, "the disk reported an error");
    case EACCES:
    case EPERM:
        throw HttpError(403, "the server may not write into this folder");
    case ENOENT:
    case ENOTDIR:
    case ESTALE:
        throw HttpError(404, "the folder is not there any more");
    case EEXIST:
        throw HttpError(409, "a file of this name exists");
    case EISDIR:
    case ENOTEMPTY:
        throw HttpError(409, "a folder of this name exists");
    case ENAMETOOLONG:
        throw HttpError(400, "the file name is too long");
    case EXDEV:
        throw HttpError(500, "the folder lies on another file system than the upload");
    case EMFILE:
    case ENFILE:
        throw HttpError(503, "too many files are open");
    default:
        throw HttpError(500, "the file cannot be written: " + std::generic_category().message(error));
    }
}

std::string randomName() {
    unsigned char bytes[12];
    if (::getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) failed(errno);
    std::string name(UploadFile::kTempPrefix);
    for (auto byte : bytes) {
        constexpr char kHex[] = "0123456789abcdef";
        name += {kHex[byte >> 4], kHex[byte & 15]};
    }
    return name;
}

std::string checkedName(std::string_view name) {
    if (name.empty() || name == "." || name == ".." || name.find('/') != name.npos || name.find('\0') != name.npos)
        throw HttpError(400, "the file name is not valid");
    if (name.size() > NAME_MAX) failed(ENAMETOOLONG);
    return std::string(name);
}

// fsync(2) takes no O_PATH descriptor, and a directory may be written to and not read.
void syncDirectory(int directory, int file) {
    const Descriptor own(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int error = own ? (::fsync(own.get()) == 0 ? 0 : errno) : errno;
    if (error == EACCES || error == EINVAL || error == EMFILE) error = ::syncfs(file) == 0 ? 0 : errno;
    if (error) failed(error);
}

} // namespace

UploadFile::UploadFile(int directory, Kind kind) {
    if (kind == Kind::nameless) {
        file_ = Descriptor(::openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, kMode));
        if (file_) return;
        // Each of them is said by some file system or kernel that has no O_TMPFILE.
        if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT) failed(errno);
    }
    directory_ = Descriptor(::openat(directory, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory_) failed(errno);
    for (int i = 0; i < kTries && !file_; ++i) {
        auto name = randomName();
        file_ = Descriptor(
            ::openat(directory_.get(), name.c_str(), O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC, kMode));
        if (file_)
            tempName_ = std::move(name);
        else if (errno != EEXIST)
            failed(errno);
    }
    if (!file_) failed(EEXIST);
}

UploadFile::UploadFile(UploadFile&& other) noexcept
    : file_(std::move(other.file_)), directory_(std::move(other.directory_)),
      tempName_(std::exchange(other.tempName_, {})), size_(other.size_), flushed_(other.flushed_),
      linked_(other.linked_) {}

UploadFile::~UploadFile() {
    if (!tempName_.empty()) ::unlinkat(directory_.get(), tempName_.c_str(), 0);
}

void UploadFile::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::write(file_.get(), bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) failed(n < 0 ? errno : EIO);
        size_ += static_cast<std::uint64_t>(n);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    // Starts to write back, so that sync() need not wait for all of a large file. A failure here is sync()'s to tell.
    if (size_ - flushed_ >= kFlushBytes) {
        ::sync_file_range(file_.get(), static_cast<off_t>(flushed_), static_cast<off_t>(size_ - flushed_),
                          SYNC_FILE_RANGE_WRITE);
        flushed_ = size_;
    }
}

void UploadFile::sync() {
    int result;
    do result = ::fdatasync(file_.get());
    while (result != 0 && errno == EINTR);
    if (result != 0 || ::lseek(file_.get(), 0, SEEK_SET) < 0) failed(errno);
}

std::uint64_t UploadFile::freeBytes() const {
    struct statvfs about {};
    if (::fstatvfs(file_.get(), &about) != 0) failed(errno);
    if (about.f_blocks == 0) return std::numeric_limits<std::uint64_t>::max();
    return std::uint64_t{::geteuid() == 0 ? about.f_bfree : about.f_bavail} * about.f_frsize;
}

// The three below return an error number, or 0.

// By /proc: AT_EMPTY_PATH would need CAP_DAC_READ_SEARCH.
int UploadFile::linkTo(int directory, const char* name) const {
    const auto self = "/proc/self/fd/" + std::to_string(file_.get());
    return ::linkat(AT_FDCWD, self.c_str(), directory, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

int UploadFile::renameTo(int directory, const char* name) {
    if (::renameat2(directory_.get(), tempName_.c_str(), directory, name, RENAME_NOREPLACE) == 0) {
        tempName_.clear();
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) return errno;
    // NFS and some of FUSE cannot rename without replacing: the name is claimed by an empty file.
    const Descriptor claim(::openat(directory, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, kMode));
    if (!claim) return errno;
    if (::renameat(directory_.get(), tempName_.c_str(), directory, name) == 0) {
        tempName_.clear();
        return 0;
    }
    const int error = errno;
    ::unlinkat(directory, name, 0);
    return error;
}

int UploadFile::replace(int directory, const char* name) {
    if (tempName_.empty()) {
        Descriptor there(::openat(directory, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!there) return errno;
        auto temp = randomName();
        if (const int error = linkTo(there.get(), temp.c_str())) return error;
        directory_ = std::move(there); // from here on it is a named one
        tempName_ = std::move(temp);
    }
    if (::renameat(directory_.get(), tempName_.c_str(), directory, name) != 0) return errno;
    tempName_.clear();
    return 0;
}

void UploadFile::link(int directory, std::string_view name, IfExists ifExists) {
    if (linked_) throw std::logic_error("an uploaded file gets a name once");
    const auto to = checkedName(name);
    int error = tempName_.empty() ? linkTo(directory, to.c_str()) : renameTo(directory, to.c_str());
    if (error == EEXIST && ifExists == IfExists::replace) error = replace(directory, to.c_str());
    if (error == EINVAL || error == EILSEQ) throw HttpError(400, "the file system does not take this name");
    if (error) failed(error);
    linked_ = true;
    syncDirectory(directory, file_.get());
}

} // namespace talome::http

// An address holds 107 bytes of path; a longer one is reached through the descriptor of its folder in /proc. The
// socket is made under another name and renamed, so that there is no moment at which the path leads to nothing.
#include "host/http/unix_socket.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/SocketAddress.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <thread>

namespace talome::http {

namespace {

constexpr const char* kNew = ".new";
constexpr std::chrono::milliseconds kLockTime{3000};

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
    throw std::runtime_error("cannot listen on " + path.string() + ": " + why);
}

std::string because(int error) { return std::generic_category().message(error); }

/// O_RDONLY, as one cannot lock what is only a path.
Descriptor openFolder(const std::filesystem::path& path, int how) {
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    return Descriptor(::open(folder.c_str(), how | O_DIRECTORY | O_CLOEXEC));
}

std::string nameIn(const Descriptor& folder, const std::string& name) {
    return "/proc/self/fd/" + std::to_string(folder.get()) + "/" + name;
}

/// Servers that start or end at one path do so one after the other. Waits, as they need but a moment; whoever may read
/// the folder could hold the lock, so not for ever.
class FolderLock {
public:
    explicit FolderLock(const Descriptor& folder) : folder_(folder) {
        const auto end = std::chrono::steady_clock::now() + kLockTime;
        while (!(held_ = ::flock(folder_.get(), LOCK_EX | LOCK_NB) == 0) && std::chrono::steady_clock::now() < end)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ~FolderLock() {
        if (held_) ::flock(folder_.get(), LOCK_UN);
    }
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;
    bool held() const { return held_; }

private:
    const Descriptor& folder_;
    bool held_ = false;
};

Descriptor connectAt(const std::string& text, int how) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (text.size() >= sizeof address.sun_path) throw std::system_error(ENAMETOOLONG, std::generic_category());
    std::memcpy(address.sun_path, text.data(), text.size());
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | how, 0));
    if (!socket) throw std::system_error(errno, std::generic_category());
    int result;
    do result = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    while (result != 0 && errno == EINTR);
    if (result != 0) throw std::system_error(errno, std::generic_category());
    return socket;
}

/// A connection that is refused says that the process which listened is gone.
void refuseIfTaken(const std::filesystem::path& path, const Descriptor& folder, const std::string& name) {
    struct stat there {};
    if (::fstatat(folder.get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) return;
        refuse(path, because(errno));
    }
    if (!S_ISSOCK(there.st_mode)) refuse(path, "there is something that is not a socket");
    try {
        connectAt(nameIn(folder, name), SOCK_NONBLOCK); // one that is too busy to accept is there, too
    } catch (const std::system_error& error) {
        if (error.code().value() == ECONNREFUSED) return;
        if (error.code().value() != EAGAIN) refuse(path, because(error.code().value()));
    }
    refuse(path, "another program listens there; name another with TALOME_SOCKET");
}

} // namespace

UnixSocket::UnixSocket(std::filesystem::path path, int backlog)
    : path_(std::move(path)), directory_(openFolder(path_, O_RDONLY)) {
    if (!directory_) refuse(path_, because(errno));
    const auto name = path_.filename().string(), made = name + kNew;
    if (name.empty()) refuse(path_, "expected the path of a file");
    if (name.size() > kLongestName)
        refuse(path_, "its last name is longer than " + std::to_string(kLongestName) + " bytes");
    const FolderLock lock(directory_);
    if (!lock.held()) refuse(path_, "another program holds a lock on its folder");
    refuseIfTaken(path_, directory_, name);
    if (::unlinkat(directory_.get(), made.c_str(), 0) != 0 && errno != ENOENT) refuse(path_, because(errno));
    try {
        socket_.bind(Poco::Net::SocketAddress(Poco::Net::SocketAddress::UNIX_LOCAL, nameIn(directory_, made)), false,
                     false);
    } catch (const Poco::Exception& error) {
        refuse(path_, error.code() ? because(error.code()) : error.displayText());
    }
    struct stat file {};
    const int descriptor = socket_.impl()->sockfd();
    // Until listen() nobody can connect, whatever the mode is.
    if (::fchmodat(directory_.get(), made.c_str(), 0600, 0) != 0 ||
        ::fstatat(directory_.get(), made.c_str(), &file, AT_SYMLINK_NOFOLLOW) != 0 ||
        ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0 ||
        ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK) != 0 ||
        ::listen(descriptor, backlog) != 0 ||
        ::renameat(directory_.get(), made.c_str(), directory_.get(), name.c_str()) != 0) {
        const int error = errno;
        ::unlinkat(directory_.get(), made.c_str(), 0);
        refuse(path_, because(error));
    }
    device_ = file.st_dev;
    file_ = file.st_ino;
}

UnixSocket::~UnixSocket() { removeFile(); }

void UnixSocket::removeFile() {
    if (std::exchange(removed_, true)) return;
    const FolderLock lock(directory_);
    if (!lock.held()) return; // what is left is replaced by the next start, as after a kill
    const auto name = path_.filename();
    struct stat file {};
    if (::fstatat(directory_.get(), name.c_str(), &file, AT_SYMLINK_NOFOLLOW) == 0 && file.st_dev == device_ &&
        file.st_ino == file_)
        ::unlinkat(directory_.get(), name.c_str(), 0);
}

Descriptor connectUnix(const std::filesystem::path& path) {
    if (path.string().size() < sizeof(sockaddr_un::sun_path)) return connectAt(path.string(), 0);
    const auto folder = openFolder(path, O_PATH);
    if (!folder) throw std::system_error(errno, std::generic_category());
    return connectAt(nameIn(folder, path.filename().string()), 0);
}

} // namespace talome::http

// A listening unix socket at a path. Who may connect is said by the file's mode, who has connected by the kernel.
#pragma once

#include "host/http/descriptor.hpp"

#include <Poco/Net/ServerSocket.h>

#include <filesystem>
#include <string>
#include <sys/types.h>

namespace talome::http {

/// One thread. The file is of mode 0600 before anybody can connect, and takes the place of one that a killed server has
/// left; it is removed at the end. Of two servers at one path, the later one is refused.
class UnixSocket {
public:
    /// Throws std::runtime_error with the path and the reason.
    UnixSocket(std::filesystem::path path, int backlog);
    ~UnixSocket();
    UnixSocket(const UnixSocket&) = delete;
    UnixSocket& operator=(const UnixSocket&) = delete;

    const Poco::Net::ServerSocket& socket() const { return socket_; }
    /// Nobody can connect any more: before the socket is closed, or it would refuse those who still find the file.
    void removeFile();

private:
    const std::filesystem::path path_;
    const Descriptor directory_;
    Poco::Net::ServerSocket socket_;
    dev_t device_ = 0; ///< of the file, which may have been replaced
    ino_t file_ = 0;
    bool removed_ = false;
};

/// A connected socket. Throws std::system_error. A path of any length will do, as long as its last name is not over
/// kLongestName.
Descriptor connectUnix(const std::filesystem::path& path);

constexpr std::size_t kLongestName = 76; ///< of what an address can hold, beside the way to the folder

} // namespace talome::http
